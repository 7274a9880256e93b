// Opens files without following symlinks, also those that replace a folder after its path was resolved.
import { closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isLinux } from './process/table.ts';

const { O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;
/** Opens a folder only to reach what it contains, which does not require permission to list it. */
const O_PATH = 0o10000000;

/**
 * Opens a file without blocking. With O_CREAT, creates the file and its missing folders. On systems other than Linux, only
 * the last part of the path is checked.
 * @param path an absolute path without symlinks
 * @throws if any part of the path is a symlink
 */
export function openWithoutSymlinks(path: string, flags: number): Promise<FileHandle> {
  const isCreating = (flags & O_CREAT) !== 0;
  return inFolderOf(path, isCreating, (file) => open(file, flags | O_NOFOLLOW | O_NONBLOCK, 0o666));
}

/**
 * Calls `act` with a path that stays in the folder of a file, also if a symlink replaces the folder meanwhile. On systems
 * other than Linux, it is the path itself.
 * @param path an absolute path without symlinks
 * @param isCreating whether to create missing folders
 * @throws if a folder in the path is a symlink
 */
export async function inFolderOf<T>(
  path: string,
  isCreating: boolean,
  act: (file: string) => Promise<T>,
): Promise<T> {
  if (!isLinux) {
    if (isCreating) mkdirSync(dirname(path), { recursive: true });
    return act(path);
  }
  const folder = openFolder(dirname(path), isCreating);
  try {
    return await act(pathIn(folder, basename(path)));
  } finally {
    closeSync(folder);
  }
}

/** Opens a folder step by step, each time in the folder opened before, and returns its descriptor. */
function openFolder(path: string, isCreating: boolean): number {
  if (path === '/') return openSync('/', O_PATH | O_DIRECTORY);
  const parent = openFolder(dirname(path), isCreating);
  try {
    const folder = pathIn(parent, basename(path));
    // Recursive, because another process may create it at the same time.
    if (isCreating && !existsSync(folder)) mkdirSync(folder, { recursive: true });
    return openSync(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  } finally {
    closeSync(parent);
  }
}

const pathIn = (folder: number, name: string) => join(`/proc/self/fd/${folder}`, name);
