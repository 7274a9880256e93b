// What a turn changes in the agent's folder, measured by git before and after: whatever changed it, the program's own
// tools or a command. Git works in an index and an object store of its own: the repository is only read, and nothing
// that it names is run.
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Changes } from '../../protocol/report.ts';
import { childEnvironment } from '../process/environment.ts';
import { findProcessTree, signalProcesses } from '../process/table.ts';

/** How long one look may take, in milliseconds: in a folder too large for it, nothing is measured. */
const LOOK_MS = 5_000;
const KEPT = 'snapshot-';

export interface FolderSnapshot {
  /** What has changed since; null where that cannot be told in time. */
  changes(withinMs?: number): Promise<Changes | null>;
  /** Lets go of what it keeps on disk. */
  discard(): void;
}

/** No hooks and no helpers, and nothing is fetched. */
const QUIET = [
  'core.fsmonitor=false',
  'core.hooksPath=/dev/null',
  'core.splitIndex=false',
  'core.sshCommand=false',
  'protocol.allow=never',
].flatMap((setting) => ['-c', setting]);

/**
 * Looks at a folder as it is. Never rejects: null where there is no git, no repository, or no end of it in time.
 * @param scratch a folder for short-lived files, outside of the one to be looked at or ignored by it
 */
export async function takeSnapshot(
  folder: string,
  scratch: string,
): Promise<FolderSnapshot | null> {
  const git = Bun.which('git');
  if (git === null) return null;
  let kept: string | null = null;
  const discard = () => {
    if (kept !== null) removeIfPossible(kept);
  };

  try {
    const until = AbortSignal.timeout(LOOK_MS);
    const own = (kept = mkdtempSync(join(scratch, KEPT)));
    const ask = (args: readonly string[], more: Record<string, string>, signal: AbortSignal) =>
      output([git, ...QUIET, ...args], folder, more, signal);
    const unfiltered = withoutFilters(
      await ask(['config', '-z', '--name-only', '--list'], {}, until),
    );
    const paths = ['rev-parse', '--git-path', 'index', '--git-path', 'objects'];
    const [index = '', objects = ''] = (await ask(paths, unfiltered, until)).split('\n');
    const env = {
      ...unfiltered,
      GIT_INDEX_FILE: join(own, 'index'),
      GIT_OBJECT_DIRECTORY: own,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: resolve(folder, objects),
    };
    const tree = async (signal: AbortSignal) => {
      await ask(['add', '--all', '--', '.'], env, signal);
      return (await ask(['write-tree'], env, signal)).trim();
    };
    copyIfThere(resolve(folder, index), env.GIT_INDEX_FILE);
    const before = await tree(until);
    return {
      async changes(withinMs = LOOK_MS) {
        try {
          const signal = AbortSignal.timeout(withinMs);
          const quiet = ['--no-ext-diff', '--no-textconv'];
          const trees = [before, await tree(signal)];
          return sum(await ask(['diff', '--numstat', '-z', '-M', ...quiet, ...trees], env, signal));
        } catch {
          return null;
        }
      },
      discard,
    };
  } catch {
    discard();
    return null;
  }
}

/** Removes what a crash has left in a scratch folder. */
export function removeStaleSnapshots(scratch: string): void {
  for (const name of readdirSync(scratch)) {
    if (name.startsWith(KEPT)) removeIfPossible(join(scratch, name));
  }
}

/** A repository can name programs that files go through on their way in: they are taken as they are instead. */
function withoutFilters(names: string): Record<string, string> {
  const filters = new Set(names.split('\0').filter((name) => /^filter\..*\.\w+$/s.test(name)));
  const pairs = [...filters].map((name) => [name, name.endsWith('.required') ? 'false' : '']);
  return Object.fromEntries([
    ['GIT_CONFIG_COUNT', String(pairs.length)],
    ...pairs.flatMap(([name, value], at) => [
      [`GIT_CONFIG_KEY_${at}`, name],
      [`GIT_CONFIG_VALUE_${at}`, value],
    ]),
  ]);
}

/** Git's own environment: neither what somebody set for other repositories, nor anything to ask people with. */
function environment(mark: string, more: Record<string, string>): Record<string, string> {
  const env = Object.entries(childEnvironment(process.env, mark));
  return {
    ...Object.fromEntries(env.filter(([name]) => !name.startsWith('GIT_'))),
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
    ...more,
  };
}

/** @throws where git refuses, or takes too long: nothing of it is left then */
async function output(
  argv: readonly string[],
  cwd: string,
  more: Record<string, string>,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  const mark = Bun.randomUUIDv7();
  const child = Bun.spawn([...argv], {
    cwd,
    env: environment(mark, more),
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'ignore',
    detached: true,
  });
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const end = () => {
    signalProcesses(
      findProcessTree(mark, child.pid).map(({ pid }) => pid),
      'SIGKILL',
    );
    reject(new Error(`${argv[0]} takes too long`));
  };
  signal.addEventListener('abort', end);
  try {
    const ended = Promise.all([new Response(child.stdout).text(), child.exited]);
    const [text, exitCode] = await Promise.race([ended, tooLate]);
    if (exitCode !== 0) throw new Error(`${argv[0]} has failed`);
    return text;
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** With it, git need not read again what has not changed. */
function copyIfThere(from: string, to: string): void {
  try {
    copyFileSync(from, to);
  } catch {
    // A repository without a commit has none.
  }
}

function removeIfPossible(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // The next start tries again.
  }
}

/**
 * Adds up `git diff --numstat -z`: each row has added, removed and path between tabs, "-" for both numbers where the
 * file is binary, and an empty path with two fields after it where it was renamed.
 */
function sum(text: string): Changes {
  const total = { files: 0, added: 0, removed: 0 };
  const fields = text.split('\0');
  for (let at = 0; at < fields.length; at += 1) {
    const [added, removed, path] = fields[at]?.split('\t') ?? [];
    if (path === undefined) continue;
    total.files += 1;
    total.added += Number.parseInt(added ?? '', 10) || 0;
    total.removed += Number.parseInt(removed ?? '', 10) || 0;
    if (path === '') at += 2;
  }
  return total;
}
