// Everything that happens in a round, determined by its seed before it starts.
import type { ClusterSetup, Fault } from './faults/kinds.ts';
import { planFaults } from './faults/plan.ts';
import { createPrng, type Prng } from './prng.ts';
import {
  type CommandSpec,
  createPrompt,
  createWorkload,
  pickHugeWorkload,
  pickWorkload,
  type Workload,
} from './workload.ts';

export interface DashboardPlan {
  /** The output it receives: of all commands, of some to which it attaches, or none. */
  mode: 'all' | 'attached' | 'none';
  /** Whether it accepts compressed broadcasts. */
  acceptsDeflate: boolean;
  /** Whether it can begin again with the output of one command, and continues its terminals on other hubs. */
  acceptsReset: boolean;
}

export interface Plan {
  seed: number;
  /** Whether the hub runs in this process, with a clock that can jump, instead of as the compiled executable. */
  isInProcess: boolean;
  /** By hub: how much its clock is ahead of the system clock, in seconds. */
  clockSkews: number[];
  agents: number;
  dashboards: DashboardPlan[];
  /** The hub's limit for terminal output, in MB. */
  bufferMemoryMb: number;
  commands: CommandSpec[];
  faults: Fault[];
  /** `pick` selects one of the commands live at that time, as an index modulo their number. */
  interrupts: { at: number; dashboard: number; pick: number }[];
  /** By agent: when the gate opens that holds its first command. */
  gatesOpenAt: number[];
  endsAt: number;
}

/** The first agents of a round have an AI program. */
export const AGENTS_WITH_PROGRAM = 2;
/** The timeout of the command for `restart-with-pending-approval`. The request is pending for longer. */
export const PATIENT_TIMEOUT_MS = 4_000;
/** The commands that scenarios need, by the kind of fault. */
const SCENARIO_WORKLOADS = {
  'run-while-half-open': () => createWorkload('lines 3 0'),
  'unsaved-request': () => createPrompt(1, 50),
  'kill-after-interrupt': () => createWorkload('lines 3 0.01; sleep 300', null),
  'restart-with-late-output': () => createWorkload('lines 120 0.04'),
  'restart-with-pending-approval': () => createPrompt(1, 300, PATIENT_TIMEOUT_MS),
} as const;

/** Returns the name of the gate that holds an agent's first command. */
export const gateOf = (agent: number) => `gate-${agent}`;

/** @param cluster null for one hub */
export function createPlan(seed: number, cluster: ClusterSetup | null = null): Plan {
  const prng = createPrng(`chaos ${seed}`);
  const isInProcess = prng.chance(0.25) && !cluster;
  const agents = prng.between(3, 4);
  const resets = prng.fork('resets');
  const dashboards = Array.from({ length: prng.between(5, 6) }, (_, index) => ({
    mode: index < 2 ? ('all' as const) : prng.pick(['all', 'attached', 'attached'] as const),
    acceptsDeflate: prng.chance(0.3),
    acceptsReset: resets.chance(0.75),
  }));
  const endsAt = prng.between(2_000, 3_500);
  const gatesOpenAt = Array.from({ length: agents }, () => prng.between(500, 1_300));
  const faults = planFaults(prng.fork('faults'), {
    isInProcess,
    agents,
    agentsWithProgram: AGENTS_WITH_PROGRAM,
    dashboards: dashboards.length,
    endsAt,
    cluster,
  });
  const clockSkews = cluster ? planClockSkews(prng.fork('clocks'), cluster) : [0];
  if (clockSkews.some((seconds) => seconds !== 0)) faults.push(CLOCK_SKEW);
  return {
    seed,
    isInProcess,
    clockSkews,
    agents,
    dashboards,
    bufferMemoryMb: prng.chance(0.2) ? 1 : 256,
    commands: [
      ...planCommands(prng.fork('commands'), agents, dashboards.length, endsAt),
      ...planScenarioCommands(prng.fork('scenarios'), faults, agents, dashboards.length),
    ],
    faults,
    interrupts: Array.from({ length: prng.between(3, 10) }, () => ({
      at: prng.between(400, endsAt),
      dashboard: prng.between(0, dashboards.length - 1),
      pick: prng.between(0, 1_000),
    })),
    gatesOpenAt,
    endsAt,
  };
}

/** The clocks of hubs are wrong from the start of a round. */
const CLOCK_SKEW: Fault = {
  kind: 'clock-skew',
  at: 0,
  durationMs: 0,
  target: 0,
  amount: 0,
  command: null,
};

/** In some rounds, the clocks of some hubs are minutes wrong. */
function planClockSkews(prng: Prng, { hubs }: ClusterSetup): number[] {
  const areWrong = prng.chance(0.15);
  return Array.from({ length: hubs }, () =>
    areWrong && prng.chance(0.6) ? prng.between(-240, 240) : 0,
  );
}

/** What a command has unless the plan says otherwise. */
const DEFAULTS = {
  queuesIfOffline: false,
  repeatAfterMs: null,
  changesWhenRepeated: false,
  responses: [],
} satisfies Partial<CommandSpec>;

function planCommands(prng: Prng, agents: number, dashboards: number, endsAt: number) {
  const commands: CommandSpec[] = Array.from({ length: agents }, (_, agent) => ({
    ...DEFAULTS,
    name: `g${agent}`,
    agent,
    dashboard: prng.between(0, dashboards - 1),
    priority: 'high',
    at: 0,
    ...createWorkload(`gate ${gateOf(agent)}; lines 2 0`),
  }));
  const hugeIndex = prng.chance(0.6) ? prng.between(0, 59) : -1;
  const count = prng.between(60, 70);
  for (let index = 0; index < count; index += 1) {
    const isEarly = prng.chance(0.5);
    const agent = prng.between(0, agents - 1);
    const workload = index === hugeIndex ? pickHugeWorkload(prng) : pickWorkloadFor(prng, agent);
    commands.push({
      ...DEFAULTS,
      name: `c${index}`,
      agent,
      dashboard: prng.between(0, dashboards - 1),
      priority: prng.pick(['high', 'normal', 'low'] as const),
      at: isEarly ? prng.between(50, 450) : prng.between(450, endsAt - 300),
      ...workload,
      queuesIfOffline: prng.chance(0.3),
      repeatAfterMs: prng.chance(0.2) ? prng.between(10, 1_500) : null,
      changesWhenRepeated: prng.chance(0.3),
      responses: Array.from({ length: workload.asks ?? 0 }, () =>
        planResponses(prng, dashboards, workload.interruptAfterMs === null ? 0 : 1_000),
      ),
    });
  }
  return commands;
}

function pickWorkloadFor(prng: Prng, agent: number): Workload {
  if (agent >= AGENTS_WITH_PROGRAM || !prng.chance(0.2)) return pickWorkload(prng);
  const prompt = createPrompt(prng.between(0, 3), prng.between(0, 60));
  // Some are interrupted while a request is pending.
  return { ...prompt, interruptAfterMs: prng.chance(0.3) ? prng.between(100, 600) : null };
}

/** Plans the responses to one request: sometimes two people respond at the same time. */
function planResponses(
  prng: Prng,
  dashboards: number,
  delayMs: number,
): CommandSpec['responses'][number] {
  const from = Array.from({ length: prng.chance(0.3) ? 2 : 1 }, () => ({
    dashboard: prng.between(0, dashboards - 1),
    optionId: prng.pick(['yes', 'no']),
  }));
  return { afterMs: delayMs + prng.between(0, 250), from };
}

/** Plans the commands that the scenarios need, with a high priority. */
function planScenarioCommands(
  prng: Prng,
  faults: Fault[],
  agents: number,
  dashboards: number,
): CommandSpec[] {
  return faults.flatMap(({ kind, command, target, at }) => {
    if (command === null || !(kind in SCENARIO_WORKLOADS)) return [];
    // A dashboard that the fault does not affect requests the command.
    const dashboard = (target - agents + prng.between(1, dashboards - 1)) % dashboards;
    const requests = {
      'run-while-half-open': { agent: prng.between(0, agents - 1), dashboard, at: at + 50 },
      'unsaved-request': { agent: target, dashboard: prng.between(0, dashboards - 1), at: at + 50 },
    };
    const early = {
      agent: target,
      dashboard: prng.between(0, dashboards - 1),
      at: prng.between(10, 150),
    };
    return {
      ...DEFAULTS,
      name: command,
      priority: 'high' as const,
      ...(kind in requests ? requests[kind as keyof typeof requests] : early),
      ...SCENARIO_WORKLOADS[kind as keyof typeof SCENARIO_WORKLOADS](),
    };
  });
}
