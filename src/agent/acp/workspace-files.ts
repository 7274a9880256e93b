// Reads and writes files for an AI program. Access is limited to the agent's folder, after symlinks and ".." have been
// resolved.
import { constants, realpathSync } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { RequestError } from '@agentclientprotocol/sdk';
import { errorMessage } from '../error-message.ts';
import { isInside } from '../is-inside.ts';

const MAX_BYTES = 16 * 1_048_576;

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

  /** Resolves a path. @throws {RequestError} if it is outside the folder */
  function resolvePath(path: string): string {
    const real = realPath(resolve(root, path));
    if (isInside(root, real)) return real;
    throw RequestError.invalidParams({ path }, `${path} is outside of ${root}.`);
  }

  return {
    root,
    resolvePath,

    /** @throws {RequestError} if the file is outside the folder or cannot be read */
    async read(path: string, { line, limit }: LineRange = {}): Promise<string> {
      const file = resolvePath(path);
      const { O_RDONLY } = constants;
      const text = await withRegularFile(path, file, O_RDONLY, async (handle) => {
        const { size } = await handle.stat();
        if (size > MAX_BYTES) throw new Error('The file is larger than 16 MiB.');
        return handle.readFile('utf8');
      });
      const start = Math.max(0, (line ?? 1) - 1);
      const lines = text.split('\n').slice(start);
      return lines.slice(0, limit ?? lines.length).join('\n');
    },

    /** Creates missing folders. @throws {RequestError} if the file is outside the folder or cannot be written */
    async write(path: string, content: string): Promise<void> {
      const file = resolvePath(path);
      await withRequestErrors(path, () => mkdir(dirname(file), { recursive: true }));
      const { O_WRONLY, O_CREAT } = constants;
      await withRegularFile(path, file, O_WRONLY | O_CREAT, async (handle) => {
        await handle.truncate(0);
        await handle.writeFile(content);
      });
    },
  };
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

/** Opens a file, and closes it after `act`. Pipes and devices are not opened: reading them could block forever. */
function withRegularFile<T>(
  path: string,
  file: string,
  flags: number,
  act: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  return withRequestErrors(path, async () => {
    // Symlinks are already resolved. Do not follow one that was created in the meantime.
    const { O_NOFOLLOW, O_NONBLOCK } = constants;
    const handle = await open(file, flags | O_NOFOLLOW | O_NONBLOCK, 0o666);
    try {
      if (!(await handle.stat()).isFile()) throw new Error('This is not a regular file.');
      return await act(handle);
    } finally {
      await handle.close();
    }
  });
}

async function withRequestErrors<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw toRequestError(path, error);
  }
}
