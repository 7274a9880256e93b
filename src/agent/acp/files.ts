// The files that a program asks its client for: those below the agent's folder, wherever links and dots may lead.
import { constants, realpathSync } from 'node:fs';
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { RequestError } from '@agentclientprotocol/sdk';

/** Nobody hands a model more than this. */
const MAX_BYTES = 16 * 1_048_576;

export interface TextRange {
  /** The first line, from 1. */
  line?: number | null;
  /** How many lines. */
  limit?: number | null;
}

export type WorkspaceFiles = ReturnType<typeof createWorkspaceFiles>;

/** @param folder what may be read and written: this folder, and what is in it */
export function createWorkspaceFiles(folder: string) {
  const root = realpathSync(folder);

  /** @throws {RequestError} where the path leads out of the folder */
  function within(path: string): string {
    const absolute = resolve(root, path);
    const real = realPath(absolute);
    if (isInside(root, real)) return real;
    throw RequestError.invalidParams({ path }, `${path} is outside of ${root}.`);
  }

  return {
    root,
    within,

    /** @throws {RequestError} where it may not or cannot be read */
    async read(path: string, { line, limit }: TextRange = {}): Promise<string> {
      const file = within(path);
      const text = await attempt(path, async () => {
        const { size } = await stat(file);
        if (size > MAX_BYTES) throw new Error('it is larger than 16 MiB');
        return readFile(file, 'utf8');
      });
      const start = Math.max(0, (line ?? 1) - 1);
      const lines = text.split('\n').slice(start);
      return lines.slice(0, limit ?? lines.length).join('\n');
    },

    /** Makes the folders it needs. @throws {RequestError} where it may not or cannot be written */
    async write(path: string, content: string): Promise<void> {
      const file = within(path);
      await attempt(path, async () => {
        await mkdir(dirname(file), { recursive: true });
        // Links were followed above: one that has come since is not.
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

/** Where a path leads, whether or not there is anything yet. A link to nowhere is itself: nobody opens it. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const above = dirname(path);
    if (above === path || !isMissing(error)) throw refusal(path, error);
    return join(realPath(above), basename(path));
  }
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (way !== '..' && !way.startsWith('../') && !isAbsolute(way));
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function refusal(path: string, error: unknown): RequestError {
  if (isMissing(error)) return RequestError.resourceNotFound(path);
  const reason = error instanceof Error ? error.message : String(error);
  return RequestError.invalidParams({ path }, `${path}: ${reason}`);
}

async function attempt<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw refusal(path, error);
  }
}
