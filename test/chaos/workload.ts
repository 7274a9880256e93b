// The commands of a round: what each does, how it ends if nothing interferes, and when it is requested.
import type { Priority } from '../../src/protocol/command-status.ts';
import type { Prng } from './prng.ts';
import { FLOOD_TEXT_BYTES } from './agent/shell-library.ts';

/** What a command does, and what is done to it. */
export interface Workload {
  /** The shell script; of a prompt, its text after the name. */
  script: string;
  /** The number of approvals that a prompt asks for; null for a shell command. */
  asks: number | null;
  /** The exit code with which it ends by itself; null if it never does. */
  exitCode: number | null;
  /** Whether it writes to stdout and stderr: then only the order within each stream is known. */
  usesBothStreams: boolean;
  /** Whether it writes line by line, so that no more than a line is lost when it is stopped. */
  writesLines: boolean;
  timeoutMs: number | null;
  /** Interrupts it this many milliseconds after it was seen running. */
  interruptAfterMs: number | null;
}

/** Selects an option of an approval request. */
export interface PlannedResponse {
  /** The index of the dashboard that responds. */
  dashboard: number;
  optionId: string;
}

export interface CommandSpec extends Workload {
  /** Also its requestId. */
  name: string;
  /** The indexes of its agent and of the dashboard that requests it. */
  agent: number;
  dashboard: number;
  priority: Priority;
  /** Whether it is queued even if its agent is offline. */
  queuesIfOffline: boolean;
  /** When it is requested, in milliseconds from the start of the round. */
  at: number;
  /** Requests it once more this many milliseconds after it was accepted. */
  repeatAfterMs: number | null;
  /** Whether it is then requested with another command and the same requestId, which the hub must refuse. */
  changesWhenRepeated: boolean;
  /**
   * The responses to each of its approval requests, and how long after the request; the first one wins. Nobody responds
   * to requests without an entry before the end of the round.
   */
  responses: { afterMs: number; from: PlannedResponse[] }[];
}

type Kind =
  | 'echo'
  | 'silent'
  | 'lines'
  | 'both-streams'
  | 'flood'
  | 'slow-flood'
  | 'hang'
  | 'timeout'
  | 'background';

/** The frequency of each kind, in percent. */
const FREQUENCIES: readonly [Kind, number][] = [
  ['echo', 26],
  ['silent', 12],
  ['lines', 16],
  ['both-streams', 16],
  ['flood', 8],
  ['slow-flood', 6],
  ['hang', 8],
  ['timeout', 5],
  ['background', 3],
];
const WEIGHTED_KINDS = FREQUENCIES.flatMap(([kind, percent]) => Array<Kind>(percent).fill(kind));

/** Creates a workload that nothing interrupts. */
export function createWorkload(script: string, exitCode: number | null = 0): Workload {
  return {
    script,
    asks: null,
    exitCode,
    usesBothStreams: false,
    writesLines: !script.includes('flood'),
    timeoutMs: null,
    interruptAfterMs: null,
  };
}

/** Creates a prompt for the AI program of a round. */
export function createPrompt(
  asks: number,
  pauseMs: number,
  timeoutMs: number | null = null,
): Workload {
  const script = `${asks} ${pauseMs}`;
  return { ...createWorkload(script), asks, writesLines: false, timeoutMs };
}

export function pickWorkload(prng: Prng): Workload {
  const exitCode = prng.chance(0.7) ? 0 : prng.between(1, 40);
  const { between } = prng;
  const kind = prng.pick(WEIGHTED_KINDS);
  switch (kind) {
    case 'echo':
      return createWorkload(`lines ${between(1, 5)} 0`, exitCode);
    case 'silent':
      return createWorkload('true', exitCode);
    case 'lines':
      return createWorkload(`lines ${between(5, 20)} 0.0${between(1, 2)}`, exitCode);
    case 'both-streams':
      return {
        ...createWorkload(`both ${between(3, 15)} 0.0${between(0, 2)}`, exitCode),
        usesBothStreams: true,
      };
    case 'flood':
      return createWorkload(createFlood(prng, between(1, 3), between(1_000, 6_000), '0'), exitCode);
    case 'slow-flood':
      return createWorkload(
        createFlood(prng, between(4, 12), between(500, 2_500), '0.03'),
        exitCode,
      );
    case 'hang': {
      const workload = createWorkload(`lines ${between(0, 8)} 0.01; sleep 300`, null);
      return { ...workload, interruptAfterMs: between(0, 400) };
    }
    case 'timeout': {
      const workload = createWorkload('lines 3 0.01; sleep 300', null);
      return { ...workload, timeoutMs: between(150, 400) };
    }
    case 'background':
      return createWorkload('sleep 300 & lines 2 0', exitCode);
    default:
      kind satisfies never;
      throw new Error('Unknown kind of workload.');
  }
}

/**
 * Picks a workload with more output than the buffers of network, hub and agent hold together, or with more than the
 * agent holds but written slowly.
 */
export function pickHugeWorkload(prng: Prng): Workload {
  const isSlow = prng.chance(0.5);
  return createWorkload(
    isSlow
      ? createFlood(prng, 30, 2_000, '0.03')
      : createFlood(prng, prng.between(5, 8), 16_000, '0'),
  );
}

/** Returns the text of a command as it is requested. */
export function formatCommand({ name, asks, script, exitCode }: CommandSpec): string {
  if (asks !== null) return `ask ${name} ${script}`;
  return `!. ./library.sh; begin ${name}; ${script}; end ${exitCode ?? 99}`;
}

/** Creates a script that writes the same lines several times. */
function createFlood(prng: Prng, times: number, lines: number, pauseSeconds: string): string {
  const from = prng.between(0, FLOOD_TEXT_BYTES / 64 - lines) * 64;
  return `flood ${times} ${from} ${lines * 64} ${pauseSeconds}`;
}
