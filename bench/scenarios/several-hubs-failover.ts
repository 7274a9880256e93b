// The loss of the hub of an agent: how long its output to a dashboard on another hub pauses after `kill -9`, and during a
// planned stop.
import {
  connectDashboardTo,
  requireOwner,
  waitForAgent,
  waitForEnd,
  waitForReady,
} from '../../test/support/cluster-clients.ts';
import { type Cluster, type ClusterHub, startCluster } from '../../test/support/cluster.ts';
import { BUSES, type BusName } from '../hubs.ts';
import type { Contestant, Figures, Row, Scenario } from '../scenario.ts';

const KILL_GOAL_MS = 3_000;
const STOP_GOAL_MS = 250;
/** How long output is read before a planned stop, to show how much of a pause is due to the machine. */
const UNDISTURBED_MS = 2_000;
/** How a hub closes dashboards that have read output which was not committed. */
const MOVED = '1001 moved';
/** Prints the time in milliseconds. */
const CLOCK = '!while :; do date +%s%3N; sleep 0.05; done';

/** A command that prints the time, read on another hub than that of its agent. */
interface Clock {
  /** The hub of the agent. */
  owner: ClusterHub;
  /**
   * Waits for output that was written after a time, which can still change. Connects again if the dashboard must, as a browser
   * does.
   * @returns the longest time without output meanwhile, in milliseconds
   */
  waitForOutput(after: () => number): Promise<number>;
}

/** Lets the agent print the time during a measurement that ends its hub. Starts the hub again afterwards. */
async function withClock(
  cluster: Cluster,
  measure: (clock: Clock) => Promise<Figures>,
): Promise<Figures> {
  const [agent] = cluster.agents;
  if (!agent) throw new Error('An agent is needed.');
  const { agentId } = agent;
  const owner = await requireOwner(cluster, agentId);
  const other = cluster.hubs.find((hub) => hub !== owner) ?? owner;
  await waitForAgent(cluster, agentId, 'online', other);
  let dashboard = await connectDashboardTo(cluster, other);
  const { commandId } = await cluster.api<{ commandId: string }>(
    '/commands',
    { method: 'POST', body: JSON.stringify({ agentId, command: CLOCK }) },
    other.url,
  );

  async function waitForOutput(after: () => number): Promise<number> {
    let printedAt = 0;
    let arrivedAt = performance.now();
    let longest = 0;
    const hasArrived = () => {
      const last = Number(/(\d{13})\D*$/.exec(dashboard.outputOf(commandId))?.[1] ?? 0);
      if (last > printedAt) {
        const now = performance.now();
        // The first one can have arrived long ago.
        if (printedAt > 0) longest = Math.max(longest, now - arrivedAt);
        arrivedAt = now;
        printedAt = last;
      }
      return last > after();
    };
    for (;;) {
      try {
        await dashboard.waitUntil(hasArrived, 'output');
        return longest;
      } catch (error) {
        if (!String(error).includes(MOVED)) throw error;
        dashboard = await connectDashboardTo(cluster, other);
      }
    }
  }

  await waitForOutput(() => 0);
  const figures = await measure({ owner, waitForOutput });
  await cluster.api(`/commands/${commandId}/interrupt`, { method: 'POST' }, other.url);
  await waitForEnd(cluster, commandId, other);
  dashboard.terminate();
  await owner.start();
  await waitForReady(cluster);
  return figures;
}

/** Measures how long output that was written after the crash of the hub takes to arrive. */
async function measureKill({ owner, waitForOutput }: Clock): Promise<Figures> {
  const killedAt = Date.now();
  await owner.kill();
  await waitForOutput(() => killedAt);
  return { pauseMs: Date.now() - killedAt };
}

/** Measures the longest time without output, until output arrives that was written after the hub has ended. */
async function measureStop({ owner, waitForOutput }: Clock): Promise<Figures> {
  const begunAt = Date.now();
  const undisturbedMs = await waitForOutput(() => begunAt + UNDISTURBED_MS);
  let endedAt = Infinity;
  const ended = owner.stop().then(() => {
    endedAt = Date.now();
  });
  const stopMs = await waitForOutput(() => endedAt);
  await ended;
  return { stopMs, undisturbedMs };
}

const rowsOf = (bus: BusName): Row[] => [
  {
    what: `kill -9 of an agent's hub, bus on ${bus}: pause of its output on another hub`,
    unit: 'ms',
    value: { contestant: bus, figure: 'pauseMs' },
    goal: { of: 'value', atMost: KILL_GOAL_MS },
  },
  {
    what: `planned stop of an agent's hub, bus on ${bus}: longest pause of its output on another hub`,
    unit: 'ms',
    value: { contestant: bus, figure: 'stopMs' },
    reference: { contestant: bus, figure: 'undisturbedMs', label: 'before it' },
    goal: { of: 'value', atMost: STOP_GOAL_MS },
  },
];

export const failover: Scenario = {
  name: 'several-hubs-failover',
  description:
    'kill -9 and planned stop of the hub of an agent: the pause of its output on another hub',
  async prepare(context) {
    const contestants: Contestant[] = [];
    for (const bus of BUSES) {
      const cluster = await startCluster({ hubs: 3, agents: 1, hasNats: bus === 'NATS' });
      context.defer(cluster.stop);
      contestants.push({
        name: bus,
        measure: async () => ({
          ...(await withClock(cluster, measureKill)),
          ...(await withClock(cluster, measureStop)),
        }),
      });
    }
    return { contestants, rows: BUSES.flatMap(rowsOf) };
  },
};
