// Measures what a turn changes in the agent's folder: git compares the folder before and after. No program of the folder
// runs for this (see git.ts and git-folder.ts), and the repository is only read.
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Changes } from '../../protocol/report.ts';
import { findGit } from './git.ts';
import { createGitFolder, type GitFolder } from './git-folder.ts';
import { readGitSettings } from './git-settings.ts';
import { findRepository } from './repository.ts';

/** The time limit for one snapshot, in milliseconds. Larger folders are not measured. */
const TIMEOUT_MS = 5_000;
const PREFIX = 'snapshot-';
const UPDATE_INDEX = ['update-index', '-z', '--add', '--remove', '--replace', '--stdin'];
const DIFF = [
  'diff-index',
  '--cached',
  '--numstat',
  '-z',
  '-M',
  '--no-ext-diff',
  '--no-textconv',
  '--ignore-submodules=all',
];
/** An entry of `git ls-files --stage` that is not a file: a submodule or a conflict. */
const NOT_A_FILE = /^(160000 \w+ \d|\d+ \w+ [123])\t/;

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
  const store = createStore(scratch);
  if (store === null) return null;
  const discard = () => removeIfPossible(store);
  try {
    const changes = await recordFolder(folder, store);
    if (changes !== null) return { changes, discard };
  } catch {
    // Not measured.
  }
  discard();
  return null;
}

/** Deletes the snapshots that a crash left behind in a scratch folder. */
export function removeStaleSnapshots(scratch: string): void {
  for (const name of readdirSync(scratch)) {
    if (name.startsWith(PREFIX)) removeIfPossible(join(scratch, name));
  }
}

/** @returns measures the changes since, or null if the folder cannot be measured */
async function recordFolder(
  folder: string,
  store: string,
): Promise<FolderSnapshot['changes'] | null> {
  const repository = findRepository(folder);
  const git = repository && findGit(repository.root);
  if (!repository || !git) return null;
  const path = relative(repository.root, realpathSync(folder)) || '.';
  const objects = join(repository.commonFolder, 'objects');
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const config = join(repository.commonFolder, 'config');
  const settings = await readGitSettings(git, config, store, signal);
  const shared = { git, repository, settings, parent: store };

  const before = await createGitFolder({
    ...shared,
    indexFolder: repository.gitFolder,
    objectFolders: [objects],
    signal,
  });
  if (await isIgnored(before, path)) return null;
  await removeNonFiles(before);
  await updateIndex(before, path);
  const tree = String(await before.run(['write-tree', '--missing-ok'])).trim();

  return async (timeoutMs = TIMEOUT_MS) => {
    try {
      const after = await createGitFolder({
        ...shared,
        indexFolder: before.path,
        objectFolders: [before.objects, objects],
        signal: AbortSignal.timeout(timeoutMs),
      });
      await updateIndex(after, path);
      return parseNumstat(String(await after.run([...DIFF, tree])));
    } catch {
      return null;
    }
  };
}

async function isIgnored(git: GitFolder, path: string): Promise<boolean> {
  if (path === '.') return false;
  return git.run(['check-ignore', '--quiet', '--', `./${path}`]).then(
    () => true,
    () => false,
  );
}

/**
 * Removes submodules and conflicts from the index. Git would run in a submodule to find its changes; the file of a
 * conflict becomes a new file. Also refreshes the index, so that git reads only the files that have changed.
 */
async function removeNonFiles({ run }: GitFolder): Promise<void> {
  const entries = splitPaths(await run(['ls-files', '-z', '--stage']));
  const paths = entries
    .filter((entry) => NOT_A_FILE.test(entry))
    .map((entry) => entry.slice(entry.indexOf('\t') + 1));
  const refresh = ['-q', '--unmerged', '--ignore-submodules', '--refresh'];
  await run(['update-index', ...refresh, '-z', '--force-remove', '--stdin'], joinPaths(paths));
}

/** Makes the index equal to the working tree. Nested repositories are skipped. @param path of the folder */
async function updateIndex({ run }: GitFolder, path: string): Promise<void> {
  const untracked = ['--others', '--exclude-standard'];
  for (const files of [untracked, ['--modified']]) {
    const paths = splitPaths(await run(['ls-files', '-z', ...files, '--', `:(literal)${path}`]));
    // Git lists a nested repository as a folder.
    const ownPaths = paths.filter((name) => !name.endsWith('/'));
    if (ownPaths.length > 0) await run(UPDATE_INDEX, joinPaths(ownPaths));
  }
}

/** Paths are bytes: Latin-1 keeps them. */
function splitPaths(output: Buffer): string[] {
  return output.toString('latin1').split('\0').filter(Boolean);
}

function joinPaths(paths: readonly string[]): Buffer {
  return Buffer.from(paths.map((path) => `${path}\0`).join(''), 'latin1');
}

function createStore(scratch: string): string | null {
  try {
    return mkdtempSync(join(scratch, PREFIX));
  } catch {
    return null;
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
 * Adds up the output of `git diff-index --numstat -z`. Each row contains added, removed and path, separated by tabs. Binary
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
