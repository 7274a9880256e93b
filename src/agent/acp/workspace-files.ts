// Reads and writes files for an AI program. Access is limited to the agent's folder, after symlinks and ".." have been
// resolved.
import { constants, realpathSync } from 'node:fs';
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { RequestError } from '@agentclientprotocol/sdk';
import { errorMessage } from '../error-message.ts';

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
      const text = await withRequestErrors(path, async () => {
        const { size } = await stat(file);
        if (size > MAX_BYTES) throw new Error('The file is larger than 16 MiB.');
        return readFile(file, 'utf8');
      });
      const start = Math.max(0, (line ?? 1) - 1);
      const lines = text.split('\n').slice(start);
      return lines.slice(0, limit ?? lines.length).join('\n');
    },

    /** Creates missing folders. @throws {RequestError} if the file is outside the folder or cannot be written */
    async write(path: string, content: string): Promise<void> {
      const file = resolvePath(path);
      await withRequestErrors(path, async () => {
        await mkdir(dirname(file), { recursive: true });
        // Symlinks are already resolved. Do not follow one that was created in the meantime.
        const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
        const handle = await open(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o666);
        try {
          await handle.writeFile(content);
        } finally {
          await handle.close();
        }
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

function isInside(root: string, path: string): boolean {
  const fromRoot = relative(root, path);
  return (
    fromRoot === '' || (fromRoot !== '..' && !fromRoot.startsWith('../') && !isAbsolute(fromRoot))
  );
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function toRequestError(path: string, error: unknown): RequestError {
  if (isNotFound(error)) return RequestError.resourceNotFound(path);
  return RequestError.invalidParams({ path }, `${path}: ${errorMessage(error)}`);
}

async function withRequestErrors<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw toRequestError(path, error);
  }
}
