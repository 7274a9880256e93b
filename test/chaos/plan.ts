// Everything that happens in a round, determined by its seed before it starts.
import { createPrng, type Prng } from './prng.ts';
import { type CommandSpec, createWorkload, pickHugeWorkload, pickWorkload } from './workload.ts';

export const NETWORK_FAULTS = [
  'reset',
  'reset-mid-frame',
  'delay',
  'fragment',
  'stall',
  'half-open',
  'duplicate-frames',
] as const;
export const PROCESS_FAULTS = [
  'hub-kill',
  'hub-freeze',
  'hub-restart',
  'agent-kill',
  'agent-freeze',
  'agent-restart',
  'journal-loss',
  'slow-reader',
] as const;
export const CLOCK_FAULTS = ['clock-jump'] as const;
export const FAULTS = [...NETWORK_FAULTS, ...PROCESS_FAULTS, ...CLOCK_FAULTS] as const;
export type FaultKind = (typeof FAULTS)[number];

export interface Fault {
  kind: FaultKind;
  /** In milliseconds from the start of the round. */
  at: number;
  durationMs: number;
  /** What it affects, as an index modulo the number of possible targets. */
  target: number;
  /** The delay in milliseconds, the number of frames to duplicate, or the clock jump in milliseconds. */
  amount: number;
}

export interface DashboardPlan {
  mode: 'all' | 'attached';
  /** Whether it accepts compressed broadcasts. */
  acceptsDeflate: boolean;
}

export interface Plan {
  seed: number;
  /** Whether the hub runs in this process, with a clock that can jump, instead of as the compiled executable. */
  isInProcess: boolean;
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

/** Returns the name of the gate that holds an agent's first command. */
export const gateOf = (agent: number) => `gate-${agent}`;

export function createPlan(seed: number): Plan {
  const prng = createPrng(`chaos ${seed}`);
  const isInProcess = prng.chance(1 / 6);
  const agents = prng.between(3, 4);
  const dashboards = Array.from({ length: prng.between(5, 6) }, (_, index) => ({
    mode: index < 2 ? ('all' as const) : prng.pick(['all', 'attached', 'attached'] as const),
    acceptsDeflate: prng.chance(0.3),
  }));
  const endsAt = prng.between(2_000, 3_500);
  const gatesOpenAt = Array.from({ length: agents }, () => prng.between(500, 1_300));
  return {
    seed,
    isInProcess,
    agents,
    dashboards,
    bufferMemoryMb: prng.chance(0.2) ? 1 : 256,
    commands: planCommands(prng.fork('commands'), agents, dashboards.length, endsAt),
    faults: planFaults(prng.fork('faults'), isInProcess, endsAt),
    interrupts: Array.from({ length: prng.between(3, 10) }, () => ({
      at: prng.between(400, endsAt),
      dashboard: prng.between(0, dashboards.length - 1),
      pick: prng.between(0, 1_000),
    })),
    gatesOpenAt,
    endsAt,
  };
}

function planCommands(prng: Prng, agents: number, dashboards: number, endsAt: number) {
  const commands: CommandSpec[] = Array.from({ length: agents }, (_, agent) => ({
    name: `g${agent}`,
    agent,
    dashboard: prng.between(0, dashboards - 1),
    priority: 'high',
    at: 0,
    ...createWorkload(`gate ${gateOf(agent)}; lines 2 0`),
    repeatAfterMs: null,
  }));
  const hugeIndex = prng.chance(0.6) ? prng.between(0, 59) : -1;
  const count = prng.between(60, 70);
  for (let index = 0; index < count; index += 1) {
    const isEarly = prng.chance(0.5);
    commands.push({
      name: `c${index}`,
      agent: prng.between(0, agents - 1),
      dashboard: prng.between(0, dashboards - 1),
      priority: prng.pick(['high', 'normal', 'low'] as const),
      at: isEarly ? prng.between(50, 450) : prng.between(450, endsAt - 300),
      ...(index === hugeIndex ? pickHugeWorkload(prng) : pickWorkload(prng)),
      repeatAfterMs: prng.chance(0.2) ? prng.between(10, 1_500) : null,
    });
  }
  return commands;
}

function planFaults(prng: Prng, isInProcess: boolean, endsAt: number): Fault[] {
  const kinds: FaultKind[] = [
    ...NETWORK_FAULTS,
    ...NETWORK_FAULTS,
    'agent-kill',
    'agent-kill',
    'agent-freeze',
    'agent-restart',
    'journal-loss',
    'slow-reader',
    'slow-reader',
    'hub-kill',
    'hub-kill',
    'hub-restart',
    ...(isInProcess
      ? (['clock-jump', 'clock-jump', 'clock-jump', 'clock-jump'] as const)
      : (['hub-freeze'] as const)),
  ];
  return Array.from({ length: prng.between(8, 16) }, () => {
    const kind = prng.pick(kinds);
    return {
      kind,
      at: prng.between(100, endsAt - 200),
      durationMs: prng.between(20, kind === 'slow-reader' ? 1_500 : 700),
      target: prng.between(0, 1_000),
      amount: kind === 'clock-jump' ? pickClockJump(prng) : prng.between(5, 80),
    };
  }).toSorted((a, b) => a.at - b.at);
}

/** Picks a jump beyond a timer, a silence, the grace period or a session; sometimes the clock is set back instead. */
function pickClockJump(prng: Prng): number {
  const longest = prng.pick([3_000, 35_000, 70_000, 320_000, 13 * 3_600_000]);
  return prng.chance(0.15) ? -prng.between(100, 60_000) : prng.between(500, longest);
}
