// Starts child processes for tests and inspects the processes of this machine.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCondition } from './condition.ts';

const REPOSITORY = join(import.meta.dir, '..', '..');

export interface RunningProcess {
  readonly pid: number;
  /** Returns everything written to stdout and stderr so far. */
  output(): string;
  /** Resolves with the first match in the output; rejects if the process ends without one. */
  waitForOutput(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code once all output has been read. */
  readonly exited: Promise<number>;
}

/** Starts a program and collects its output. */
export function startProcess(
  command: string[],
  env: Record<string, string> = {},
  cwd = REPOSITORY,
): RunningProcess {
  const child = Bun.spawn(command, {
    cwd,
    env: { ...process.env, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  let output = '';
  let hasEnded = false;
  const condition = createCondition();
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      output += decoder.decode(bytes, { stream: true });
      condition.notify();
    }
  };
  const drained = Promise.all([read(child.stdout), read(child.stderr)]).then(() => {
    hasEnded = true;
    condition.notify();
  });
  return {
    pid: child.pid,
    output: () => output,
    waitForOutput: (pattern) =>
      condition.waitUntil(() => {
        const match = pattern.exec(output);
        if (match || !hasEnded) return match;
        throw new Error(`The process ended without output matching ${pattern}:\n${output}`);
      }),
    kill: (signal) => child.kill(signal),
    exited: drained.then(() => child.exited),
  };
}

/** Whether a process is running; a zombie is not. */
export function isRunning(pid: number): boolean {
  const { stdout } = Bun.spawnSync(['ps', '-o', 'stat=', '-p', String(pid)]);
  return !['', 'Z'].includes(stdout.toString().trim().slice(0, 1));
}

/** Finds the processes, except this one, whose environment contains a text. */
export function findProcesses(text: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(text);
      } catch {
        return false;
      }
    });
}

/** Returns the first number in a text, such as a process ID that a command has printed. */
export function parseFirstNumber(text: string): number {
  return Number(/\d+/.exec(text)?.[0]);
}

/** Runs the event loop until a condition outside this process holds. */
export async function pollUntil(isMet: () => boolean): Promise<void> {
  while (!isMet()) await new Promise((resolve) => void setImmediate(resolve));
}
