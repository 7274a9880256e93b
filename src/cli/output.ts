// Writes to stdout and stderr. A pipe takes 64 KB at a time, and Bun discards what it has not taken when the process exits
// and reports a write as finished before it is. So each write starts after the one before it, and `main` waits for all.
import type { OutputStream } from '../protocol/entities.ts';
import { CliError } from './cli-error.ts';

/** Exit code of a command whose output is not read to the end, as in a shell: 128 and the number of SIGPIPE. */
const BROKEN_PIPE_EXIT_CODE = 141;

interface Waiter {
  maxLength: number;
  resolve(): void;
}

const queue: { stream: OutputStream; text: string }[] = [];
let pendingLength = 0;
let isWriting = false;
let waiters: Waiter[] = [];

const { promise: failed, reject: fail } = Promise.withResolvers<never>();

/** Rejects with a CliError when stdout cannot be written, for example because the disk is full. */
export const outputFailed = failed;

export function writeOut(text: string): void {
  write('stdout', text);
}

export function writeError(text: string): void {
  write('stderr', text);
}

/** Writes to one of both streams. Their order is kept, as they often end in the same terminal. */
export function write(stream: OutputStream, text: string): void {
  if (text === '') return;
  const last = queue.at(-1);
  if (last?.stream === stream) last.text += text;
  else queue.push({ stream, text });
  pendingLength += text.length;
  if (!isWriting) writeNext();
}

/** Returns how many characters the readers have not taken yet. */
export function pendingOutput(): number {
  return pendingLength;
}

/** Resolves when at most `maxLength` characters are pending. */
export function whenWritten(maxLength = 0): Promise<void> {
  if (pendingLength <= maxLength) return Promise.resolve();
  return new Promise((resolve) => void waiters.push({ maxLength, resolve }));
}

function writeNext(): void {
  const next = queue.shift();
  isWriting = next !== undefined;
  if (!next) return;
  process[next.stream].write(next.text, (error) => {
    if (error) handleError(next.stream, error);
    pendingLength -= next.text.length;
    const ready = waiters.filter(({ maxLength }) => pendingLength <= maxLength);
    waiters = waiters.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
    writeNext();
  });
}

function handleError(stream: OutputStream, error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(BROKEN_PIPE_EXIT_CODE);
  // If errors cannot be written, nobody can be told.
  if (stream === 'stdout') fail(new CliError(`Cannot write the output: ${error.message}`));
}

// Errors are handled per write. Without a listener, each one would also be thrown.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
