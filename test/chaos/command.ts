// A command of a round: what it does, how it ends if nobody interferes, and when it is asked for.
import type { Priority } from '../../src/protocol/command-status.ts';
import { BLOB_BYTES } from './kit.ts';
import type { Prng } from './prng.ts';

/** What a command does, and what is done to it. */
interface Doing {
  script: string;
  /** How it ends by itself; null where it never does. */
  exitCode: number | null;
  /** Whether it writes to stdout and stderr both: then only each stream's own order is known. */
  writesBoth: boolean;
  timeoutMs: number | null;
  /** Who asked for it interrupts it, so long after it was seen running. */
  interruptAfter: number | null;
}

export interface CommandSpec extends Doing {
  /** Also its requestId, and the first word it says. */
  name: string;
  /** The agent, and the dashboard that asks, by their places in the round. */
  agent: number;
  by: number;
  priority: Priority;
  /** When it is asked for, in milliseconds from the start. */
  at: number;
  /** It is asked for once more, so long after it was accepted. */
  repeatAfter: number | null;
}

type Kind = 'echo' | 'silent' | 'lines' | 'both' | 'flood' | 'drip' | 'hang' | 'late' | 'litter';

/** How often each kind comes, in hundredths. */
const SHARES: readonly [Kind, number][] = [
  ['echo', 26],
  ['silent', 12],
  ['lines', 16],
  ['both', 16],
  ['flood', 8],
  ['drip', 6],
  ['hang', 8],
  ['late', 5],
  ['litter', 3],
];
const DECK = SHARES.flatMap(([kind, share]) => Array<Kind>(share).fill(kind));

/** What a command does that is left alone. */
export function plainDoing(script: string, exitCode: number | null = 0): Doing {
  return { script, exitCode, writesBoth: false, timeoutMs: null, interruptAfter: null };
}

/** What a command does, chosen by chance. */
export function chooseDoing(prng: Prng): Doing {
  const exitCode = prng.chance(0.7) ? 0 : prng.between(1, 40);
  const { between } = prng;
  const kind = prng.pick(DECK);
  switch (kind) {
    case 'echo':
      return plainDoing(`lines ${between(1, 5)} 0`, exitCode);
    case 'silent':
      return plainDoing('true', exitCode);
    case 'lines':
      return plainDoing(`lines ${between(5, 20)} 0.0${between(1, 2)}`, exitCode);
    case 'both':
      return {
        ...plainDoing(`both ${between(3, 15)} 0.0${between(0, 2)}`, exitCode),
        writesBoth: true,
      };
    case 'flood':
      return plainDoing(flood(prng, between(1, 3), between(1_000, 6_000), '0'), exitCode);
    case 'drip':
      return plainDoing(flood(prng, between(4, 12), between(500, 2_500), '0.03'), exitCode);
    case 'hang': {
      const hang = plainDoing(`lines ${between(0, 8)} 0.01; sleep 300`, null);
      return { ...hang, interruptAfter: between(0, 400) };
    }
    case 'late':
      return { ...plainDoing('lines 3 0.01; sleep 300', null), timeoutMs: between(150, 400) };
    case 'litter':
      return plainDoing('sleep 300 & lines 2 0', exitCode);
    default:
      kind satisfies never;
      throw new Error('there is no such kind');
  }
}

/** At once more than the buffers of a network, the hub and the agent hold together, or for long more than an agent holds. */
export function hugeDoing(prng: Prng): Doing {
  const isLong = prng.chance(0.5);
  return plainDoing(
    isLong ? flood(prng, 30, 2_000, '0.03') : flood(prng, prng.between(5, 8), 16_000, '0'),
  );
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
