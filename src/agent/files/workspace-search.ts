// Searches the files of the agent's folder for the completion of `@` (docs/protocol.md, "files:list"). It lists only
// names of regular files inside of the folder, and reads none of them.
import { lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../protocol/clock.ts';
import { FILE_PATH_LENGTH } from '../../protocol/limits.ts';
import { isInside } from '../is-inside.ts';
import { type FileList, walkFolder, type WalkLimits } from './folder-walk.ts';
import { rankPaths } from './match.ts';
import { listRepositoryFiles } from './repository-files.ts';

/** How many files are searched. */
export const MAX_SEARCHED_FILES = 50_000;
/** The time limit for listing them, in milliseconds. */
const LIST_TIMEOUT_MS = 3_000;
/** How long a list is used, so that a search for each key does not list the files again. */
const KEPT_MS = 5_000;
/** Names that cannot be shown or sent as they are. */
const UNUSABLE = /[\p{Cc}\uFFFD]/u;

export type WorkspaceSearch = ReturnType<typeof createWorkspaceSearch>;

/**
 * @param folder the folder of the agent
 * @param scratch a folder for short-lived files
 */
export function createWorkspaceSearch(
  folder: string,
  scratch: string,
  clock: Clock,
  maxFiles = MAX_SEARCHED_FILES,
) {
  let listed: { at: number; list: Promise<FileList> } | null = null;

  async function list(): Promise<FileList> {
    const limits: WalkLimits = { maxFiles, signal: AbortSignal.timeout(LIST_TIMEOUT_MS) };
    const root = await realpath(folder);
    const ofRepository = await listRepositoryFiles(root, scratch, limits).catch(() => null);
    if (ofRepository) return ofRepository;
    return walkFolder(root, { maxFiles, signal: AbortSignal.timeout(LIST_TIMEOUT_MS) });
  }

  /** Whether a path is a regular file, and none of its folders is a symbolic link to somewhere else. */
  async function isOwnFile(root: string, path: string): Promise<boolean> {
    try {
      const file = join(root, path);
      return (await lstat(file)).isFile() && isInside(root, await realpath(file));
    } catch {
      return false;
    }
  }

  return {
    /** Returns at most `limit` files that match, the best match first. Never rejects. */
    async search(query: string, limit: number): Promise<FileList> {
      const now = clock.monotonic();
      if (!listed || now - listed.at > KEPT_MS) listed = { at: now, list: list() };
      try {
        const { files, isTruncated } = await listed.list;
        const root = await realpath(folder);
        const found: string[] = [];
        for (const path of rankPaths(files, query)) {
          if (found.length >= limit) break;
          const isUsable = path.length <= FILE_PATH_LENGTH && !UNUSABLE.test(path);
          if (isUsable && (await isOwnFile(root, path))) found.push(path);
        }
        return { files: found, isTruncated };
      } catch {
        listed = null;
        return { files: [], isTruncated: false };
      }
    },
  };
}
