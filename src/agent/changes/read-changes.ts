// Reads the changes between a tree and an index with git: totals, files and their diffs, within the limits of the protocol.
import type { FileChange } from '../../protocol/changes.ts';
import {
  CHANGES_BYTES,
  MAX_CHANGED_FILES,
  PATCH_BYTES,
  PATH_LENGTH,
} from '../../protocol/limits.ts';
import type { Changes } from '../../protocol/report.ts';
import { byteLength } from '../../protocol/text.ts';
import { type ChangedFile, parseChangedFiles } from './changed-file.ts';
import type { GitFolder } from '../git/git-folder.ts';
import { type FilePatch, parsePatches } from './patches.ts';

const DIFF = [
  'diff-index',
  '--cached',
  '-M',
  '--no-ext-diff',
  '--no-textconv',
  '--ignore-submodules=all',
];
/** Git diffs larger files as if they were binary, which saves time and memory. */
const MAX_DIFFED_BYTES = 1_048_576;
/** How much of the diffs is read at most. */
const MAX_PATCH_OUTPUT_BYTES = 8 * 1_048_576;
/** The mode of a file that is not executable. */
const REGULAR = '100644';
/** The share of CHANGES_BYTES for everything but the patches. */
const MAX_NAMES_BYTES = CHANGES_BYTES / 2;

/** A file as it is reported, and as git sees it. */
interface ListedFile {
  file: ChangedFile;
  change: FileChange;
}

export interface FolderChanges {
  /** Counts all changes, also those that are not listed. */
  total: Changes;
  files: ListedFile[];
  omittedFiles: number;
}

/**
 * @param tree the files before; the index of `git` has the files after
 * @param path the folder to which paths are relative, relative to the root of the repository
 */
export async function readChanges(
  git: GitFolder,
  tree: string,
  path: string,
): Promise<FolderChanges> {
  const diff = path === '.' ? DIFF : [...DIFF, `--relative=${path}/`];
  const changed = parseChangedFiles(await git.run([...diff, '--raw', '--numstat', '-z', tree]));
  const files = listFiles(changed);
  const omittedFiles = changed.length - files.length;
  const total = { files: changed.length, added: 0, removed: 0 };
  for (const { lines } of changed) {
    total.added += lines?.added ?? 0;
    total.removed += lines?.removed ?? 0;
  }
  if (files.length > 0) {
    await addSizes(git, files);
    addPatches(files, await readPatches(git, diff, tree, changed));
  }
  return { total, files, omittedFiles };
}

/** The files that are listed: as many as the limits allow. */
function listFiles(changed: readonly ChangedFile[]): ListedFile[] {
  const files: ListedFile[] = [];
  let size = 0;
  for (const file of changed) {
    const change = toFileChange(file);
    size += jsonSize(change);
    const isTooLong = Math.max(change.path.length, change.oldPath?.length ?? 0) > PATH_LENGTH;
    if (files.length === MAX_CHANGED_FILES || size > MAX_NAMES_BYTES) break;
    if (!isTooLong) files.push({ file, change });
  }
  return files;
}

function toFileChange(file: ChangedFile): FileChange {
  const { kind, oldMode, newMode, lines } = file;
  const isKept = kind !== 'added' && kind !== 'deleted';
  return {
    path: decodePath(file.newPath),
    ...(kind === 'renamed' && { oldPath: decodePath(file.oldPath) }),
    kind,
    added: lines?.added ?? 0,
    removed: lines?.removed ?? 0,
    isBinary: lines === null,
    ...(isKept && oldMode !== newMode && { oldMode, newMode }),
    ...(kind === 'added' && newMode !== REGULAR && { newMode }),
    ...(kind === 'deleted' && oldMode !== REGULAR && { oldMode }),
    isRevertible: false,
  };
}

/** Adds the sizes of the contents. Those of binary files are reported, because nothing else is known about them. */
async function addSizes(git: GitFolder, files: readonly ListedFile[]): Promise<void> {
  const hashes = files.flatMap(({ file }) => [file.oldHash, file.newHash]);
  const input = Buffer.from(hashes.map((hash) => `${hash}\n`).join(''));
  const output = await git.run(['cat-file', '--batch-check=%(objectsize)'], input);
  // The line of an object that does not exist ends with "missing".
  const sizes = output
    .toString()
    .split('\n')
    .map((line) => Number(line) || 0);
  for (const [index, { file, change }] of files.entries()) {
    file.oldSize = sizes[index * 2] ?? 0;
    file.newSize = sizes[index * 2 + 1] ?? 0;
    if (change.isBinary) Object.assign(change, { oldSize: file.oldSize, newSize: file.newSize });
  }
}

const decodePath = (bytes: string) => Buffer.from(bytes, 'latin1').toString('utf8');

/** @returns the patches of all files; null if they could not be read in time */
async function readPatches(
  git: GitFolder,
  diff: readonly string[],
  tree: string,
  changed: readonly ChangedFile[],
): Promise<Map<ChangedFile, FilePatch> | null> {
  const limit = ['-c', `core.bigFileThreshold=${MAX_DIFFED_BYTES}`, '-c', 'core.quotePath=true'];
  try {
    const args = [...limit, ...diff, '--patch', '--no-color', tree];
    const output = await git.run(args, undefined, MAX_PATCH_OUTPUT_BYTES);
    return parsePatches(output, changed, output.length === MAX_PATCH_OUTPUT_BYTES);
  } catch {
    return null;
  }
}

/** Adds the patches to the files, as long as there is room. Smaller ones can follow one that is too large. */
function addPatches(
  files: readonly ListedFile[],
  patches: ReadonlyMap<ChangedFile, FilePatch> | null,
): void {
  let size = files.reduce((sum, { change }) => sum + jsonSize(change), 0);
  for (const { file, change } of files) {
    if (change.isBinary) continue;
    const patch = patches?.get(file);
    if (!patch) {
      change.omitted = patches ? 'limit' : 'failed';
      continue;
    }
    if (patch.isBinary) change.omitted = 'too_large';
    if (patch.hunks === '') continue;
    const hunks = cutAtLine(patch.hunks);
    const patchSize = byteLength(JSON.stringify(hunks));
    if (size + patchSize > CHANGES_BYTES) {
      change.omitted = 'limit';
      continue;
    }
    size += patchSize;
    change.patch = hunks;
    if (hunks.length < patch.hunks.length) change.omitted = 'too_large';
  }
}

/** Cuts a patch to the limit, after a line. */
function cutAtLine(hunks: string): string {
  if (byteLength(hunks) <= PATCH_BYTES) return hunks;
  const head = Buffer.from(hunks).subarray(0, PATCH_BYTES);
  return head.subarray(0, head.lastIndexOf('\n') + 1).toString('utf8');
}

/** What may be added to a change, at its longest. */
const LATER = { omitted: 'too_large', patch: '', oldSize: 1e12, newSize: 1e12 };

const jsonSize = (change: FileChange) => byteLength(JSON.stringify({ ...change, ...LATER })) + 1;
