// The last phase of a round: all faults have ended, and the system must come to rest.
import type { Approver } from './approver.ts';
import type { ChaosDashboard } from './dashboard/dashboard.ts';
import type { System } from './system.ts';
import type { CommandSpec } from './workload.ts';

export interface SettleOptions {
  approver: Approver;
  /** The requested commands, each with the promise of its ID. */
  requested: Map<CommandSpec, Promise<string>>;
  /** The commands for which an interrupt was accepted. */
  acceptedInterrupts: ReadonlySet<string>;
  interrupt(dashboard: ChaosDashboard, commandId: string): void;
}

/** The system is stuck if nothing happens for this time, in milliseconds. Agents wait up to 8 s between two attempts. */
const STUCK_MS = 25_000;
/** The same while only messages to connected dashboards are missing. */
const STUCK_DELIVERY_MS = 8_000;

/**
 * Waits until every requested command has ended and every dashboard has received all of its output.
 * @returns the violations: what does not happen
 */
export async function settle(
  { agents, inboxes, dashboards, observer, proxies, progress }: System,
  { approver, requested, acceptedInterrupts, interrupt }: SettleOptions,
): Promise<string[]> {
  const violations: string[] = [];
  const ids = new Map<CommandSpec, string>();

  /** Waits; adds a violation if that does not happen. */
  async function expect(work: Promise<unknown>, describe: () => string, stuckMs = STUCK_MS) {
    const isDone = await progress.isDone(work, stuckMs);
    if (!isDone) violations.push(describe());
    return isDone;
  }

  const { isLive, liveCommands } = observer.record;
  const areAgentsOnline = (dashboard: ChaosDashboard) =>
    agents.every(({ agentId }) => dashboard.agentStatus(agentId) === 'online');

  for (const [spec, accepted] of requested) {
    const isAccepted = await expect(accepted, () => `${spec.name} was not accepted`);
    if (!isAccepted) return violations;
    ids.set(spec, await accepted);
  }
  /** The observer has received everything that the hub had sent. */
  async function catchUp() {
    do await observer.waitUntil(observer.isWelcome);
    while (!(await observer.ping()));
  }
  await expect(catchUp(), () => 'the hub does not accept a dashboard');

  approver.respondToAll();
  const stopping = [...acceptedInterrupts];
  await expect(
    observer.waitUntil(() => !stopping.some(isLive)),
    () => `accepted interrupts had no effect on ${stopping.filter(isLive).join(' ')}`,
  );
  for (const [spec, commandId] of ids) {
    const neverEnds = spec.exitCode === null && spec.timeoutMs === null;
    if (neverEnds && isLive(commandId)) interrupt(observer, commandId);
  }
  const haveEnded = observer.waitUntil(() => liveCommands().length === 0);
  const describeLive = () => `these commands do not end: ${liveCommands().join(' ')}`;
  if (!(await expect(haveEnded, describeLive))) return violations;
  const areOnline = observer.waitUntil(() => areAgentsOnline(observer));
  if (!(await expect(areOnline, () => 'not all agents are online and idle'))) return violations;

  // The checks find what the hub resends although it is settled.
  const welcomed = Promise.all(inboxes.map((inbox) => inbox.waitForWelcome()));
  for (const proxy of proxies.slice(0, agents.length)) proxy.resetConnections();
  if (!(await expect(welcomed, () => 'not all agents have reconnected'))) return violations;

  for (const dashboard of dashboards) {
    const hasOutput = () => dashboard.isWelcome() && dashboard.awaitedCommands().length === 0;
    await expect(
      dashboard.waitUntil(hasOutput),
      () => {
        const missing = dashboard.awaitedCommands().join(' ');
        return `${dashboard.record.name} was connected or resumed, but did not receive all output of ${missing}`;
      },
      STUCK_DELIVERY_MS,
    );
  }
  for (const dashboard of dashboards) dashboard.followAll([...ids.values()]);
  for (const dashboard of dashboards) {
    const isComplete = () =>
      dashboard.isWelcome() &&
      areAgentsOnline(dashboard) &&
      dashboard.incompleteCommands().length === 0 &&
      dashboard.pendingApprovals.size === 0;
    await expect(
      dashboard.waitUntil(isComplete),
      () => {
        const missing = dashboard.incompleteCommands().join(' ');
        const approvals = [...dashboard.pendingApprovals.keys()].join(' ');
        return `${dashboard.record.name} does not receive the final state; output of: ${missing}; approvals: ${approvals}`;
      },
      STUCK_DELIVERY_MS,
    );
  }
  return violations;
}
