// Lists the files of a folder in a git repository: those that are tracked, and new ones that are not ignored. No program
// of the repository runs for this (see src/agent/git).
import { mkdtemp, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { findGit } from '../git/git.ts';
import { createGitFolder } from '../git/git-folder.ts';
import { readGitSettings } from '../git/git-settings.ts';
import { findRepository } from '../git/repository.ts';
import type { FileList, WalkLimits } from './folder-walk.ts';

const LIST = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'];

/**
 * Returns null if the folder is not in a repository, git is not installed, or the repository ignores the folder.
 * @param root without symbolic links
 * @param scratch a folder for short-lived files
 * @throws if git fails or is aborted
 */
export async function listRepositoryFiles(
  root: string,
  scratch: string,
  { maxFiles, signal }: WalkLimits,
): Promise<FileList | null> {
  const repository = findRepository(root);
  const git = repository && findGit(repository.root);
  if (!repository || !git) return null;
  const parent = await mkdtemp(join(scratch, 'files-'));
  try {
    const config = join(repository.commonFolder, 'config');
    const settings = await readGitSettings(git, config, parent, signal);
    const { run } = await createGitFolder({
      git,
      repository,
      settings,
      parent,
      indexFolder: repository.gitFolder,
      objectFolders: [],
      signal,
    });
    const path = relative(repository.root, root) || '.';
    const output = await run([...LIST, '--', `:(literal)${path}`]);
    const prefix = path === '.' ? '' : `${path}/`;
    const files = output
      .toString('utf8')
      .split('\0')
      // Git lists a nested repository as a folder.
      .filter((name) => name !== '' && !name.endsWith('/') && name.startsWith(prefix))
      .map((name) => name.slice(prefix.length));
    if (files.length === 0) return null;
    return { files: files.slice(0, maxFiles), isTruncated: files.length > maxFiles };
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}
