// What a turn changes in the agent's folder, measured by git before and after: whatever changed it, the program's own
// tools or a command. Git works in an index and an object store of its own: the repository is only read.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Changes } from '../protocol/report.ts';

/** How long one look may take, in milliseconds: in a folder too large for it, nothing is measured. */
const LOOK_MS = 5_000;

export interface FolderLook {
  /** What has changed since; null where that cannot be told. */
  changes(): Promise<Changes | null>;
  /** Lets go of what it keeps on disk. */
  discard(): void;
}

/**
 * Looks at a folder as it is. Null where there is no git, no repository, or no end of it in time.
 * @param scratch a folder for short-lived files, outside of the one to be looked at or ignored by it
 */
export async function lookAt(folder: string, scratch: string): Promise<FolderLook | null> {
  const git = Bun.which('git');
  if (git === null) return null;
  const kept = mkdtempSync(join(scratch, 'look-'));
  const discard = () => rmSync(kept, { recursive: true, force: true });
  const env = { ...process.env, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' };
  const ask = (args: readonly string[], more: Record<string, string> = {}) =>
    output([git, ...QUIET, ...args], folder, { ...env, ...more });

  async function tree(own: Record<string, string>): Promise<string> {
    await ask(['add', '--all', '--', '.'], own);
    return (await ask(['write-tree'], own)).trim();
  }

  try {
    const paths = ['rev-parse', '--git-path', 'index', '--git-path', 'objects'];
    const [index = '', objects = ''] = (await ask(paths)).split('\n');
    const own = {
      GIT_INDEX_FILE: join(kept, 'index'),
      GIT_OBJECT_DIRECTORY: kept,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: resolve(folder, objects),
    };
    copyIfThere(resolve(folder, index), own.GIT_INDEX_FILE);
    const before = await tree(own);
    return {
      async changes() {
        try {
          const after = await tree(own);
          return sum(await ask(['diff', '--numstat', '-z', '-M', before, after], own));
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

/** No hooks, no helpers, nothing that a repository could have us run beside git itself. */
const QUIET = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];

/** @throws where git refuses, or takes too long */
async function output(
  argv: readonly string[],
  cwd: string,
  env: Record<string, string | undefined>,
): Promise<string> {
  const child = Bun.spawn([...argv], {
    cwd,
    env,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'ignore',
    timeout: LOOK_MS,
    killSignal: 'SIGKILL',
  });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${argv[0]} has failed`);
  return text;
}

/** With it, git need not read again what has not changed. */
function copyIfThere(from: string, to: string): void {
  try {
    copyFileSync(from, to);
  } catch {
    // A repository without a commit has none.
  }
}

/** Adds up `git diff --numstat -z`: added, removed and path, or "-" for both of a binary file; a renamed one has two paths more. */
function sum(text: string): Changes {
  const rows = [...text.matchAll(/(?:^|\0)(\d+|-)\t(\d+|-)\t/g)];
  const lines = (index: number) =>
    rows.reduce((total, row) => total + (Number.parseInt(row[index] ?? '', 10) || 0), 0);
  return { files: rows.length, added: lines(1), removed: lines(2) };
}
