// Everything that will happen in a round, decided by its seed before it begins.
import { type CommandSpec, chooseDoing, hugeDoing, plainDoing } from './command.ts';
import { createPrng, type Prng } from './prng.ts';

export const NETWORK_FAULTS = [
  'cut',
  'cut-mid-frame',
  'delay',
  'trickle',
  'stall',
  'ghost',
  'repeat-frames',
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
  /** In milliseconds from the start. */
  at: number;
  lasts: number;
  /** Whom it meets, as a number from 0 up, taken modulo the number of those it can meet. */
  whom: number;
  /** How strong: milliseconds of delay, repeated frames, milliseconds a clock jumps. */
  amount: number;
}

export interface Plan {
  seed: number;
  /** Whether the hub runs in this process, with a clock that jumps, instead of as the compiled binary. */
  inside: boolean;
  agents: number;
  dashboards: { mode: 'all' | 'attached'; deflates: boolean }[];
  /** Megabytes of terminal output that the hub may hold. */
  bufferMemory: number;
  commands: CommandSpec[];
  faults: Fault[];
  interrupts: { at: number; by: number; dice: number }[];
  /** When the gates open that hold the agents' first commands. */
  opensAt: number[];
  /** When nothing happens any more. */
  endsAt: number;
}

/** The name of the gate that holds an agent. */
export const gateOf = (agent: number) => `gate-${agent}`;

export function createPlan(seed: number): Plan {
  const prng = createPrng(`chaos ${seed}`);
  const inside = prng.chance(1 / 6);
  const agents = prng.between(3, 4);
  const dashboards = Array.from({ length: prng.between(5, 6) }, (_, index) => ({
    mode: index < 2 ? ('all' as const) : prng.pick(['all', 'attached', 'attached'] as const),
    deflates: prng.chance(0.3),
  }));
  const endsAt = prng.between(2_000, 3_500);
  const opensAt = Array.from({ length: agents }, () => prng.between(500, 1_300));
  return {
    seed,
    inside,
    agents,
    dashboards,
    bufferMemory: prng.chance(0.2) ? 1 : 256,
    commands: planCommands(prng.fork('commands'), agents, dashboards.length, endsAt),
    faults: planFaults(prng.fork('faults'), inside, endsAt),
    interrupts: Array.from({ length: prng.between(3, 10) }, () => ({
      at: prng.between(400, endsAt),
      by: prng.between(0, dashboards.length - 1),
      dice: prng.between(0, 1_000),
    })),
    opensAt,
    endsAt,
  };
}

function planCommands(prng: Prng, agents: number, dashboards: number, endsAt: number) {
  const commands: CommandSpec[] = Array.from({ length: agents }, (_, agent) => ({
    name: `g${agent}`,
    agent,
    by: prng.between(0, dashboards - 1),
    priority: 'high',
    at: 0,
    ...plainDoing(`gate ${gateOf(agent)}; lines 2 0`),
    repeatAfter: null,
  }));
  const hugeAt = prng.chance(0.6) ? prng.between(0, 59) : -1;
  const count = prng.between(60, 70);
  for (let index = 0; index < count; index += 1) {
    const early = prng.chance(0.5);
    commands.push({
      name: `c${index}`,
      agent: prng.between(0, agents - 1),
      by: prng.between(0, dashboards - 1),
      priority: prng.pick(['high', 'normal', 'low'] as const),
      at: early ? prng.between(50, 450) : prng.between(450, endsAt - 300),
      ...(index === hugeAt ? hugeDoing(prng) : chooseDoing(prng)),
      repeatAfter: prng.chance(0.2) ? prng.between(10, 1_500) : null,
    });
  }
  return commands;
}

function planFaults(prng: Prng, inside: boolean, endsAt: number): Fault[] {
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
    ...(inside
      ? (['clock-jump', 'clock-jump', 'clock-jump', 'clock-jump'] as const)
      : (['hub-freeze'] as const)),
  ];
  return Array.from({ length: prng.between(8, 16) }, () => {
    const kind = prng.pick(kinds);
    return {
      kind,
      at: prng.between(100, endsAt - 200),
      lasts: prng.between(20, kind === 'slow-reader' ? 1_500 : 700),
      whom: prng.between(0, 1_000),
      amount: kind === 'clock-jump' ? chooseJump(prng) : prng.between(5, 80),
    };
  }).toSorted((a, b) => a.at - b.at);
}

/** A second, a silence, a grace, a session; now and then back. */
function chooseJump(prng: Prng): number {
  const longest = prng.pick([3_000, 35_000, 70_000, 320_000, 13 * 3_600_000]);
  return prng.chance(0.15) ? -prng.between(100, 60_000) : prng.between(500, longest);
}
