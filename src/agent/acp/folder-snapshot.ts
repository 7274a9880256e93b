// Measures what a turn changes in the agent's folder: git compares the folder before and after. It uses its own index
// and object store, so that the repository is only read.
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Changes } from '../../protocol/report.ts';
import { disableFilters, findGit } from './git.ts';

/** The time limit for one snapshot, in milliseconds. Larger folders are not measured. */
const TIMEOUT_MS = 5_000;
const PREFIX = 'snapshot-';

export interface FolderSnapshot {
  /** The changes since the snapshot; null if they cannot be determined in time. */
  changes(timeoutMs?: number): Promise<Changes | null>;
  /** Deletes its files. */
  discard(): void;
}

/**
 * Takes a snapshot of a folder. Never rejects: returns null if git or the repository is missing, or git takes too long.
 * @param scratch a folder for short-lived files, outside of `folder` or ignored by its repository
 */
export async function takeSnapshot(
  folder: string,
  scratch: string,
): Promise<FolderSnapshot | null> {
  const git = findGit(folder);
  if (git === null) return null;
  const store = createStore(scratch);
  if (store === null) return null;
  const discard = () => removeIfPossible(store);

  try {
    const deadline = AbortSignal.timeout(TIMEOUT_MS);
    const filters = disableFilters(
      await git(['config', '-z', '--name-only', '--list'], {}, deadline),
    );
    const paths = ['rev-parse', '--git-path', 'index', '--git-path', 'objects'];
    const [index = '', objects = ''] = (await git(paths, filters, deadline)).split('\n');
    const env = {
      ...filters,
      GIT_INDEX_FILE: join(store, 'index'),
      GIT_OBJECT_DIRECTORY: store,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: resolve(folder, objects),
    };
    const writeTree = async (signal: AbortSignal) => {
      await git(['add', '--all', '--', '.'], env, signal);
      return (await git(['write-tree'], env, signal)).trim();
    };
    copyIfExists(resolve(folder, index), env.GIT_INDEX_FILE);
    const before = await writeTree(deadline);
    return {
      async changes(timeoutMs = TIMEOUT_MS) {
        try {
          const signal = AbortSignal.timeout(timeoutMs);
          const after = await writeTree(signal);
          const options = ['--numstat', '-z', '-M', '--no-ext-diff', '--no-textconv'];
          return parseNumstat(await git(['diff', ...options, before, after], env, signal));
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

/** Deletes the snapshots that a crash left behind in a scratch folder. */
export function removeStaleSnapshots(scratch: string): void {
  for (const name of readdirSync(scratch)) {
    if (name.startsWith(PREFIX)) removeIfPossible(join(scratch, name));
  }
}

function createStore(scratch: string): string | null {
  try {
    return mkdtempSync(join(scratch, PREFIX));
  } catch {
    return null;
  }
}

/** Copies the repository's index: git then skips the files that have not changed since. */
function copyIfExists(from: string, to: string): void {
  try {
    copyFileSync(from, to);
  } catch {
    // A repository without commits has no index.
  }
}

function removeIfPossible(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // The next start retries this.
  }
}

/**
 * Adds up the output of `git diff --numstat -z`. Each row contains added, removed and path, separated by tabs. Binary
 * files have "-" instead of numbers. Renamed files have an empty path, and both paths follow as separate fields.
 */
function parseNumstat(text: string): Changes {
  const total = { files: 0, added: 0, removed: 0 };
  const fields = text.split('\0');
  for (let index = 0; index < fields.length; index += 1) {
    const [added, removed, path] = fields[index]?.split('\t') ?? [];
    if (path === undefined) continue;
    total.files += 1;
    total.added += Number.parseInt(added ?? '', 10) || 0;
    total.removed += Number.parseInt(removed ?? '', 10) || 0;
    if (path === '') index += 2;
  }
  return total;
}
