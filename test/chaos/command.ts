// A command of a round: what it does, how it ends if nobody interferes, and when it is asked for.
import type { Priority } from '../../src/protocol/command-status.ts';
import { BLOB_BYTES } from './kit.ts';
import type { Prng } from './prng.ts';

export interface CommandSpec {
  /** Also its requestId, and the first word it says. */
  name: string;
  /** The agent, and the dashboard that asks, by their places in the round. */
  agent: number;
  by: number;
  priority: Priority;
  /** When it is asked for, in milliseconds from the start. */
  at: number;
  script: string;
  /** How it ends by itself; null where it never does. */
  exitCode: number | null;
  /** Whether it writes to stdout and stderr both: then only each stream's own order is known. */
  writesBoth: boolean;
  timeoutMs: number | null;
  /** It is asked for once more, so long after it was accepted. */
  repeatAfter: number | null;
}

type Doing = Pick<CommandSpec, 'script' | 'exitCode' | 'writesBoth' | 'timeoutMs'>;

const KINDS = [
  'echo',
  'echo',
  'echo',
  'silent',
  'lines',
  'lines',
  'both',
  'both',
  'flood',
  'drip',
  'hang',
  'late',
  'litter',
] as const;

/** What a command does, chosen by chance. */
export function chooseDoing(prng: Prng): Doing {
  const exitCode = prng.chance(0.7) ? 0 : prng.between(1, 40);
  const plain = { exitCode, writesBoth: false, timeoutMs: null };
  switch (prng.pick(KINDS)) {
    case 'echo':
      return { ...plain, script: `lines ${prng.between(1, 5)} 0` };
    case 'silent':
      return { ...plain, script: 'true' };
    case 'lines':
      return { ...plain, script: `lines ${prng.between(5, 20)} 0.0${prng.between(1, 3)}` };
    case 'both':
      return {
        ...plain,
        writesBoth: true,
        script: `both ${prng.between(3, 15)} 0.0${prng.between(0, 2)}`,
      };
    case 'flood':
      return {
        ...plain,
        script: flood(prng, prng.between(1, 2), prng.between(2_000, 12_000), '0'),
      };
    case 'drip':
      return {
        ...plain,
        script: flood(prng, prng.between(4, 12), prng.between(500, 2_500), '0.03'),
      };
    case 'hang':
      return { ...plain, exitCode: null, script: `lines ${prng.between(0, 8)} 0.01; sleep 300` };
    case 'late':
      return {
        ...plain,
        exitCode: null,
        timeoutMs: prng.between(300, 700),
        script: 'lines 3 0.01; sleep 300',
      };
    case 'litter':
      return { ...plain, script: 'sleep 300 & lines 2 0' };
  }
}

/** More than the buffers of a network, the hub and the agent hold together. */
export function hugeDoing(prng: Prng): Doing {
  const script = flood(prng, prng.between(5, 8), 16_000, '0');
  return { script, exitCode: 0, writesBoth: false, timeoutMs: null };
}

/** The text of a command as it is sent. */
export function textOf({ name, script, exitCode }: CommandSpec): string {
  return `!. ./kit; begin ${name}; ${script}; leave ${exitCode ?? 99}`;
}

/** Pieces of the same lines, again and again. */
function flood(prng: Prng, pieces: number, lines: number, pause: string): string {
  const from = prng.between(0, BLOB_BYTES / 64 - lines) * 64;
  return `flood ${pieces} ${from} ${lines * 64} ${pause}`;
}
