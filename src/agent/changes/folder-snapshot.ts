// Determines what a command changes in the agent's folder: git compares the folder before and after. No program of the
// folder runs for this (see src/agent/git), and the repository is only read.
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { ChangesProblem } from '../../protocol/report.ts';
import { isInside } from '../is-inside.ts';
import { findGit } from '../git/git.ts';
import { createGitFolder, type GitFolder } from '../git/git-folder.ts';
import { readGitSettings } from '../git/git-settings.ts';
import { type FolderChanges, readChanges } from './read-changes.ts';
import { findRepository } from '../git/repository.ts';

/** The default time limit for one snapshot, in milliseconds. */
const TIMEOUT_MS = 5_000;
const PREFIX = 'snapshot-';
/** Lists new, changed and deleted files, each with a tag. */
const LIST_FILES = ['ls-files', '-z', '-t', '--others', '--exclude-standard', '--modified', '--'];
/** The tag of new files. All tags have the same length. */
const NEW_FILE = '? ';
const UPDATE_INDEX = ['update-index', '-z', '--add', '--remove', '--replace', '--stdin'];
/** An entry of `git ls-files --stage` that is not a file: a submodule or a conflict. */
const NOT_A_FILE = /^(160000 \w+ \d|\d+ \w+ [123])\t/;

/** The changes between two snapshots, and access to the files before. */
export interface MeasuredFolder extends FolderChanges {
  /** The absolute path of the folder that the paths are relative to. */
  readonly folder: string;
  /**
   * Writes files as they were before to another folder. Returns the folder in it that corresponds to `folder`.
   * @param paths relative to `folder`, as bytes in Latin-1
   */
  checkOut(paths: readonly string[], target: string): Promise<string>;
}

const NO_CHANGES: FolderChanges = {
  total: { files: 0, added: 0, removed: 0 },
  files: [],
  omittedFiles: 0,
};

export interface FolderSnapshot {
  /** Why the folder cannot be measured; null if it can. */
  readonly problem: ChangesProblem | null;
  /** The changes since the snapshot, or why they are not known. Never rejects. */
  changes(timeoutMs?: number): Promise<MeasuredFolder | ChangesProblem>;
  /** Deletes its files. */
  discard(): void;
}

/** Whether a folder is in a repository. Does not start git. */
export function isInRepository(folder: string): boolean {
  try {
    return findRepository(folder) !== null;
  } catch {
    return false;
  }
}

/** A snapshot of a folder that cannot be measured. */
export function noSnapshot(problem: ChangesProblem): FolderSnapshot {
  return { problem, changes: () => Promise.resolve(problem), discard: () => undefined };
}

/**
 * Takes a snapshot of a folder. Never rejects.
 * @param scratch a folder for short-lived files, which is not measured
 */
export async function takeSnapshot(
  folder: string,
  scratch: string,
  timeoutMs = TIMEOUT_MS,
): Promise<FolderSnapshot> {
  const store = createStore(scratch);
  if (store === null) return noSnapshot('failed');
  const discard = () => removeIfPossible(store);
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const changes = await recordFolder(folder, scratch, store, signal);
    if (typeof changes !== 'string') return { problem: null, changes, discard };
    discard();
    return noSnapshot(changes);
  } catch {
    discard();
    return noSnapshot(problemOf(signal));
  }
}

/** Deletes the snapshots that a crash left behind in a scratch folder. */
export function removeStaleSnapshots(scratch: string): void {
  for (const name of readdirSync(scratch)) {
    if (name.startsWith(PREFIX)) removeIfPossible(join(scratch, name));
  }
}

const problemOf = (signal: AbortSignal): ChangesProblem => (signal.aborted ? 'timeout' : 'failed');

/** @returns determines the changes since, or why the folder cannot be measured */
async function recordFolder(
  folder: string,
  scratch: string,
  store: string,
  signal: AbortSignal,
): Promise<FolderSnapshot['changes'] | ChangesProblem> {
  const repository = findRepository(folder);
  if (!repository) return 'no_repository';
  const git = findGit(repository.root);
  if (!git) return 'no_git';
  const path = relative(repository.root, realpathSync(folder)) || '.';
  const pathspecs = [`:(literal)${path}`, ...exclude(repository.root, scratch)];
  const objects = join(repository.commonFolder, 'objects');
  const config = join(repository.commonFolder, 'config');
  const settings = await readGitSettings(git, config, store, signal);
  const shared = { git, repository, settings, parent: store };

  const before = await createGitFolder({
    ...shared,
    indexFolder: repository.gitFolder,
    objectFolders: [objects],
    signal,
  });
  if (await isIgnored(before, path)) return 'ignored';
  await removeNonFiles(before);
  await updateIndex(before, pathspecs);
  // The command need not wait for this. Git also reads files that have just changed, and crashes if the command
  // truncates one of them meanwhile.
  const tree = writeTree(before);
  tree.catch(() => undefined);

  return async (timeoutMs = TIMEOUT_MS) => {
    const limit = AbortSignal.timeout(timeoutMs);
    const openFolder = (indexFolder: string, objectFolders: string[]) =>
      createGitFolder({ ...shared, indexFolder, objectFolders, signal: limit });
    try {
      const openAgain = () => openFolder(before.path, [before.objects, objects]);
      const after = await openAgain();
      const isChanged = await updateIndex(after, pathspecs);
      const readAgain = async () => {
        const earlier = await openAgain();
        const folders = [after.objects, earlier.objects, before.objects, objects];
        const again = await writeTree(earlier);
        return readChanges(await openFolder(after.path, folders), again, path);
      };
      const read = () => tree.then((hash) => readChanges(after, hash, path), readAgain);
      const changes = isChanged ? await read() : NO_CHANGES;
      const checkOut: MeasuredFolder['checkOut'] = async (paths, target) => {
        const earlier = await openAgain();
        const inRepository = paths.map((name) =>
          path === '.' ? name : `${toBytes(path)}/${name}`,
        );
        const args = ['checkout-index', `--prefix=${target}/`, '-z', '--stdin'];
        await earlier.run(args, joinPaths(inRepository));
        return join(target, path);
      };
      return { ...changes, folder: join(repository.root, path), checkOut };
    } catch {
      return problemOf(limit);
    }
  };
}

/** Writes the files of the index as a tree. Returns its hash. */
async function writeTree(git: GitFolder): Promise<string> {
  return String(await git.run(['write-tree', '--missing-ok'])).trim();
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

/** The agent's own files can be in the repository: its state folder is anywhere. */
function exclude(root: string, scratch: string): string[] {
  const path = realpathSync(scratch);
  return path !== root && isInside(root, path) ? [`:(exclude,literal)${relative(root, path)}`] : [];
}

/**
 * Makes the index equal to the working tree. Nested repositories are skipped. Returns whether it has changed.
 * @param pathspecs of the folder
 */
async function updateIndex({ run }: GitFolder, pathspecs: readonly string[]): Promise<boolean> {
  const entries = splitPaths(await run([...LIST_FILES, ...pathspecs]));
  const list = (isIncluded: (entry: string) => boolean) =>
    entries.filter(isIncluded).map((entry) => entry.slice(NEW_FILE.length));
  // Git lists a nested repository as a folder.
  const added = list((entry) => entry.startsWith(NEW_FILE) && !entry.endsWith('/'));
  const changed = list((entry) => !entry.startsWith(NEW_FILE));
  // Git removes a file that is a folder now, and the files of a folder that is a file now, when it adds the new ones.
  const addedFiles = new Set(added);
  const addedFolders = new Set(added.flatMap(listFolders));
  const isReplaced = (path: string) =>
    addedFolders.has(path) || listFolders(path).some((folder) => addedFiles.has(folder));
  const paths = [...added, ...changed.filter((path) => !isReplaced(path))];
  if (paths.length > 0) await run(UPDATE_INDEX, joinPaths(paths));
  return paths.length > 0;
}

/** Lists the folders that contain a path. */
function listFolders(path: string): string[] {
  const steps = path.split('/').slice(0, -1);
  return steps.map((_, index) => steps.slice(0, index + 1).join('/'));
}

const toBytes = (path: string) => Buffer.from(path).toString('latin1');

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
