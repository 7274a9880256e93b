// Finds the repository of a folder without git: git would read the repository's configuration.
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The largest text file of a repository that is read, in bytes. */
const MAX_TEXT_BYTES = 4_096;

export interface Repository {
  /** The folder of the working tree, without symbolic links in its path. */
  readonly root: string;
  /** The folder with the index. */
  readonly gitFolder: string;
  /** The folder with the objects and the configuration. Differs from `gitFolder` in a linked worktree. */
  readonly commonFolder: string;
}

/** Returns the innermost repository that contains a folder, or null. @throws if the folder does not exist */
export function findRepository(folder: string): Repository | null {
  let root = realpathSync(folder);
  for (;;) {
    const repository = openRepository(root);
    const parent = dirname(root);
    if (repository !== null || parent === root) return repository;
    root = parent;
  }
}

function openRepository(root: string): Repository | null {
  const link = /^gitdir: (.+)/.exec(readText(join(root, '.git')))?.[1];
  const gitFolder = resolve(root, link ?? '.git');
  const commonFolder = resolve(gitFolder, readText(join(gitFolder, 'commondir')).trim());
  if (!isRegularFile(join(gitFolder, 'HEAD'))) return null;
  return { root, gitFolder, commonFolder };
}

function isRegularFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Returns '' if the path is not a small file. */
function readText(path: string): string {
  try {
    const stat = statSync(path);
    return stat.isFile() && stat.size <= MAX_TEXT_BYTES ? readFileSync(path, 'utf8') : '';
  } catch {
    return '';
  }
}
