// Reads and writes files for an AI program. Access is limited to the agent's folder, after symlinks and ".." have been
// resolved.
import { constants, realpathSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { RequestError } from '@agentclientprotocol/sdk';
import { errorMessage } from '../error-message.ts';
import { isInside } from '../is-inside.ts';
import { openWithoutSymlinks } from '../open-without-symlinks.ts';

const MAX_BYTES = 16 * 1_048_576;
const READ_BYTES = 262_144;
/** Their files are not data: some contain the memory of the agent, and some control the machine. */
const KERNEL_FOLDERS = ['/proc', '/sys', '/dev'];

export interface LineRange {
  /** The first line, from 1. */
  line?: number | null;
  /** The number of lines. */
  limit?: number | null;
}

export type WorkspaceFiles = ReturnType<typeof createWorkspaceFiles>;

/** @param folder the folder whose contents may be read and written */
export function createWorkspaceFiles(folder: string) {
  const root = realpathSync(folder);

  /** Resolves a path. @throws {RequestError} if it is outside the folder, or belongs to the kernel */
  function resolvePath(path: string): string {
    const real = realPath(resolve(root, path));
    if (!isInside(root, real)) {
      throw RequestError.invalidParams({ path }, `${path} is outside of ${root}.`);
    }
    if (isOfKernel(real)) {
      throw RequestError.invalidParams({ path }, `${path} belongs to the operating system.`);
    }
    return real;
  }

  return {
    root,
    resolvePath,

    /** @throws {RequestError} if the file is outside the folder or cannot be read */
    async read(path: string, { line, limit }: LineRange = {}): Promise<string> {
      const file = resolvePath(path);
      const text = await withRegularFile(path, file, constants.O_RDONLY, readText);
      const start = Math.max(0, (line ?? 1) - 1);
      const lines = text.split('\n').slice(start);
      return lines.slice(0, limit ?? lines.length).join('\n');
    },

    /** Creates missing folders. @throws {RequestError} if the file is outside the folder or cannot be written */
    async write(path: string, content: string): Promise<void> {
      const file = resolvePath(path);
      const { O_WRONLY, O_CREAT } = constants;
      await withRegularFile(path, file, O_WRONLY | O_CREAT, async (handle) => {
        await handle.truncate(0);
        await handle.writeFile(content);
      });
    },
  };
}

/** Whether a path belongs to the kernel. Shared memory, in /dev/shm, consists of ordinary files. */
function isOfKernel(path: string): boolean {
  return KERNEL_FOLDERS.some((folder) => isInside(folder, path)) && !isInside('/dev/shm', path);
}

/** Reads a file. Its size is not known in advance, because it may grow. @throws if it is too large */
async function readText(handle: FileHandle): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(READ_BYTES);
    const { bytesRead } = await handle.read(chunk, 0, READ_BYTES, null);
    if (bytesRead === 0) return Buffer.concat(chunks).toString('utf8');
    size += bytesRead;
    if (size > MAX_BYTES) throw new Error('The file is larger than 16 MiB.');
    chunks.push(chunk.subarray(0, bytesRead));
  }
}

/** Like realpath, but also for paths that do not exist yet. Dangling symlinks are not resolved or followed. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const parent = dirname(path);
    if (parent === path || !isNotFound(error)) throw toRequestError(path, error);
    return join(realPath(parent), basename(path));
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function toRequestError(path: string, error: unknown): RequestError {
  if (isNotFound(error)) return RequestError.resourceNotFound(path);
  return RequestError.invalidParams({ path }, `${path}: ${errorMessage(error)}`);
}

/** Opens a file, and closes it after `act`. Pipes and devices are rejected: reading them could block forever. */
async function withRegularFile<T>(
  path: string,
  file: string,
  flags: number,
  act: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  try {
    await using handle = await openWithoutSymlinks(file, flags);
    if (!(await handle.stat()).isFile()) throw new Error('This is not a regular file.');
    return await act(handle);
  } catch (error) {
    throw toRequestError(path, error);
  }
}
