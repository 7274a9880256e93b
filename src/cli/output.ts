// Writes to stdout and stderr. A pipe accepts 64 KB at a time. Bun reports a write as finished too early, and discards
// pending output when the process exits. So writes run one after the other, and `main` waits for all of them.
import type { OutputStream } from '../protocol/entities.ts';
import { CliError } from './cli-error.ts';
import { ExitCode } from './exit-codes.ts';

interface Waiter {
  maxLength: number;
  resolve(): void;
}

const queue: { stream: OutputStream; text: string }[] = [];
let pendingLength = 0;
let isWriting = false;
let waiters: Waiter[] = [];

const { promise: failed, reject: fail } = Promise.withResolvers<never>();

/** Rejects with a CliError if stdout cannot be written, for example because the disk is full. */
export const outputFailed = failed;

export function writeOut(text: string): void {
  write('stdout', text);
}

export function writeError(text: string): void {
  write('stderr', text);
}

/** Writes to stdout or stderr, in order across both, because they often share a terminal. */
export function write(stream: OutputStream, text: string): void {
  if (text === '') return;
  const last = queue.at(-1);
  if (last?.stream === stream) last.text += text;
  else queue.push({ stream, text });
  pendingLength += text.length;
  if (!isWriting) writeNext();
}

/** Returns how many characters are still to be written. */
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
  if (error.code === 'EPIPE') process.exit(ExitCode.brokenPipe);
  // A failure to write to stderr cannot be reported.
  if (stream === 'stdout') fail(new CliError(`Cannot write the output: ${error.message}`));
}

// Errors are handled per write. Without a listener, each one would also be thrown.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
