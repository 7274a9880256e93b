// Keeps the earlier versions of files that commands changed, so that a user can revert a file. They are in the agent's state
// folder, one folder per command, and only of the latest commands.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { FileChange } from '../../protocol/changes.ts';
import {
  exists,
  MAX_REVERTED_BYTES,
  readFileState,
  removeFile,
  writeFileState,
} from './file-state.ts';
import type { MeasuredFolder } from './folder-snapshot.ts';

/** The number of commands, and the number and the total size of files per command, that are kept. */
const MAX_COMMANDS = 50;
const MAX_FILES = 200;
const MAX_BYTES = 16 * 1_048_576;

/** A file that can be reverted. Paths are relative to the agent's folder. */
const Entry = Type.Object({
  path: Type.String(),
  /** The path before the command; null if the file did not exist. */
  oldPath: Type.Union([Type.String(), Type.Null()]),
  /** The file after the command; null if it was deleted. */
  after: Type.Union([Type.Object({ mode: Type.String(), hash: Type.String() }), Type.Null()]),
});
type Entry = Static<typeof Entry>;

/** `folder` is the agent's folder, and `contents` the folder with the earlier versions, with the same paths. */
const Manifest = Type.Object({
  folder: Type.String(),
  contents: Type.String(),
  entries: Type.Array(Entry),
});

/** A file cannot be reverted. The message is for the user. */
class RevertError extends Error {
  override readonly name = 'RevertError';
}

/** @param root a folder for the files, which is created when it is needed */
export function createEarlierFiles(root: string) {
  /** The hub chooses command IDs: only those that are plain names are used. */
  const folderOf = (commandId: string) => (/^[\w-]+$/.test(commandId) ? join(root, commandId) : '');

  /** IDs sort by time. */
  function removeOldest(): void {
    for (const name of readdirSync(root).toSorted().slice(0, -MAX_COMMANDS)) remove(name);
  }

  const remove = (name: string) => rmSync(join(root, name), { recursive: true, force: true });

  function readManifest(commandId: string): Static<typeof Manifest> | null {
    try {
      const text = readFileSync(join(folderOf(commandId), 'manifest.json'), 'utf8');
      const value: unknown = JSON.parse(text);
      return Value.Check(Manifest, value) ? value : null;
    } catch {
      return null;
    }
  }

  return {
    /** Keeps the earlier versions of a command's files. Marks the changes of these files. Rejects if that fails. */
    async keep(commandId: string, measured: MeasuredFolder): Promise<void> {
      const target = folderOf(commandId);
      const selected = await selectFiles(measured);
      if (target === '' || selected.length === 0) return;
      remove(commandId);
      mkdirSync(target, { recursive: true, mode: 0o700 });
      try {
        const entries = selected.map(({ entry }) => entry);
        const paths = entries.flatMap(({ oldPath }) => oldPath ?? []);
        const contents = await measured.checkOut(paths, join(target, 'contents'));
        const manifest = { folder: measured.folder, contents, entries };
        writeFileSync(join(target, 'manifest.json'), JSON.stringify(manifest));
        for (const { change } of selected) change.isRevertible = true;
      } catch (error) {
        remove(commandId);
        throw error;
      } finally {
        removeOldest();
      }
    },

    /**
     * Restores a file as it was before a command, if it is still as the command left it.
     * @throws {RevertError} if it cannot be reverted
     */
    async revert(commandId: string, path: string): Promise<void> {
      const manifest = readManifest(commandId);
      const entry = manifest?.entries.find((one) => one.path === path);
      if (!manifest || !entry) {
        const reason = `It keeps the files of the last ${MAX_COMMANDS} commands that changed any.`;
        throw new RevertError(
          `The agent no longer has the earlier version of "${path}". ${reason}`,
        );
      }
      await requireUnchanged(manifest.folder, entry);
      const { oldPath, after } = entry;
      if (oldPath !== null) {
        const before = await readFileState(join(manifest.contents, oldPath));
        if (!before) throw new RevertError(`The earlier version of "${path}" cannot be read.`);
        await writeFileState(join(manifest.folder, oldPath), before);
      }
      if (after && oldPath !== path) await removeFile(join(manifest.folder, path));
    },
  };
}

/** The files that can be reverted, up to the limits. Files that have changed since they were measured cannot. */
async function selectFiles({ folder, files }: MeasuredFolder) {
  const selected: { change: FileChange; entry: Entry }[] = [];
  let bytes = 0;
  for (const { file, change } of files) {
    if (selected.length === MAX_FILES) break;
    const { path, kind } = change;
    const largest = Math.max(file.oldSize, file.newSize);
    if (largest > MAX_REVERTED_BYTES || bytes + largest > MAX_BYTES) continue;
    // A name that is not valid UTF-8 cannot be written.
    if (change.path.includes('\uFFFD') || change.oldPath?.includes('\uFFFD')) continue;
    const after = kind === 'deleted' ? null : { mode: file.newMode, hash: file.newHash };
    const oldPath = kind === 'added' ? null : (change.oldPath ?? path);
    const entry = { path, oldPath, after };
    if (!(await isUnchanged(folder, entry))) continue;
    bytes += largest;
    selected.push({ change, entry });
  }
  return selected;
}

async function isUnchanged(folder: string, { path, after }: Entry): Promise<boolean> {
  if (!after) return !(await exists(join(folder, path)));
  const state = await readFileState(join(folder, path), after.hash.length);
  return state?.mode === after.mode && state.hash === after.hash;
}

/** @throws {RevertError} if anything would be lost */
async function requireUnchanged(folder: string, entry: Entry): Promise<void> {
  const { path, oldPath } = entry;
  if (!(await isUnchanged(folder, entry))) {
    const what = entry.after ? 'has changed since this command' : 'exists again';
    throw new RevertError(`"${path}" ${what}. Nothing was reverted.`);
  }
  if (oldPath !== null && oldPath !== path && (await exists(join(folder, oldPath)))) {
    throw new RevertError(`"${oldPath}" exists again. Nothing was reverted.`);
  }
}
