// Runs git without anything of an untrusted folder that could make it start a program: git itself, its environment and
// its git directory come from elsewhere.
import { realpathSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { isInside } from '../is-inside.ts';
import { childEnvironment } from '../process/environment.ts';
import { findProcessTree, signalProcesses } from '../process/tree.ts';

/** The largest output of git that is read, in bytes. */
const MAX_OUTPUT_BYTES = 64_000_000;

interface GitOptions {
  /** The folder in which git starts. */
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly signal: AbortSignal;
  readonly input: Uint8Array | undefined;
  /** Stops git after this many bytes of output, and returns them. Without it, more than 64 MB are an error. */
  readonly maxBytes?: number | undefined;
}

/** Runs a git command. Rejects if the command fails, is aborted or writes too much. Then its processes are killed. */
export type Git = (args: readonly string[], options: GitOptions) => Promise<Buffer>;

/**
 * Returns null if git is not installed outside of the untrusted folder.
 * @param untrusted an absolute path without symbolic links
 */
export function findGit(untrusted: string): Git | null {
  const folders = (process.env['PATH'] ?? '').split(':').filter(isTrusted);
  const git = folders
    .map((folder) => Bun.which('git', { PATH: folder }))
    .find((path) => path !== null && isTrusted(path));
  return git ? (args, options) => run([git, ...args], folders.join(':'), options) : null;

  function isTrusted(path: string): boolean {
    try {
      return (
        isAbsolute(path) && !isInside(untrusted, path) && !isInside(untrusted, realpathSync(path))
      );
    } catch {
      return false;
    }
  }
}

/** The environment: nothing is inherited except for PATH. GIT_ variables and the user's configuration can name programs. */
function environment(PATH: string, { cwd, env }: GitOptions): Record<string, string> {
  return {
    PATH,
    HOME: cwd,
    GIT_ATTR_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_TERMINAL_PROMPT: '0',
    ...env,
  };
}

async function run(argv: string[], path: string, options: GitOptions): Promise<Buffer> {
  const { cwd, signal, input, maxBytes } = options;
  signal.throwIfAborted();
  const mark = Bun.randomUUIDv7();
  const child = Bun.spawn(argv, {
    cwd,
    env: childEnvironment(environment(path, options), mark),
    stdin: input ?? 'ignore',
    stdout: 'pipe',
    stderr: 'ignore',
    detached: true,
  });
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(new Error('git timed out'));
  signal.addEventListener('abort', onAbort);
  try {
    const output = await Promise.race([readOutput(child.stdout, maxBytes), aborted]);
    if (maxBytes !== undefined && output.length > maxBytes) return output.subarray(0, maxBytes);
    const exitCode = await Promise.race([child.exited, aborted]);
    if (exitCode !== 0) throw new Error(`git exited with code ${exitCode}`);
    return output;
  } finally {
    signal.removeEventListener('abort', onAbort);
    const isRunning = child.exitCode === null && child.signalCode === null;
    if (isRunning) signalProcesses(findProcessTree(mark, child.pid), 'SIGKILL');
  }
}

/** Reads everything, or a little more than `maxBytes`. */
async function readOutput(stream: ReadableStream<Uint8Array>, maxBytes = Infinity) {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) break;
    if (size > MAX_OUTPUT_BYTES) throw new Error('git wrote too much output');
  }
  return Buffer.concat(chunks);
}
