// The state of a file on disk, compared with what git recorded, and how it is restored. Symlinks are never followed.
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readlink, rename, symlink, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inFolderOf } from '../open-without-symlinks.ts';

/** Larger files are not reverted. */
export const MAX_REVERTED_BYTES = 8 * 1_048_576;

const SYMLINK = '120000';
const EXECUTABLE = '100755';
const OWNER_EXECUTES = 0o100;

/** A file as git records it. The content of a symlink is its target. */
interface FileState {
  mode: string;
  content: Buffer;
  hash: string;
}

/**
 * Reads a file or a symlink. Null if there is none, or it is too large or of another type.
 * @param hashLength the length of the hashes in the repository
 */
export async function readFileState(path: string, hashLength = 40): Promise<FileState | null> {
  try {
    return await inFolderOf(path, false, async (file) => {
      const found = await read(file);
      if (!found) return null;
      const algorithm = hashLength === 64 ? 'sha256' : 'sha1';
      const hash = createHash(algorithm).update(`blob ${found.content.length}\0`);
      return { ...found, hash: hash.update(found.content).digest('hex') };
    });
  } catch {
    return null;
  }
}

async function read(file: string): Promise<Omit<FileState, 'hash'> | null> {
  if ((await lstat(file)).isSymbolicLink()) {
    return { mode: SYMLINK, content: await readlink(file, { encoding: 'buffer' }) };
  }
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  await using handle = await open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const stat = await handle.stat();
  if (!stat.isFile() || stat.size > MAX_REVERTED_BYTES) return null;
  const mode = stat.mode & OWNER_EXECUTES ? EXECUTABLE : '100644';
  return { mode, content: await handle.readFile() };
}

/** Whether there is anything at a path. Errors other than "not found" count as something. */
export async function exists(path: string): Promise<boolean> {
  try {
    await inFolderOf(path, false, lstat);
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code !== 'ENOENT';
  }
}

/** Replaces a file in one step, so that a crash leaves either version. Creates missing folders. */
export async function writeFileState(
  path: string,
  { mode, content }: Omit<FileState, 'hash'>,
): Promise<void> {
  await inFolderOf(path, true, async (file) => {
    const temporary = join(dirname(file), `.signalbox-${Bun.randomUUIDv7()}`);
    try {
      if (mode === SYMLINK) await symlink(content, temporary);
      else await writeNew(temporary, mode === EXECUTABLE ? 0o777 : 0o666, content);
      await rename(temporary, file);
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      throw error;
    }
  });
}

async function writeNew(file: string, permissions: number, content: Buffer): Promise<void> {
  await using handle = await open(file, 'wx', permissions);
  await handle.writeFile(content);
}

/** Deletes a file, or a symlink itself. */
export async function removeFile(path: string): Promise<void> {
  await inFolderOf(path, false, unlink);
}
