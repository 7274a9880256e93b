// A git directory of the agent for a repository's working tree. From the repository, git reads only its index, its
// objects and its ignore rules. Attributes can name filters and other drivers, but this configuration has none.
import { copyFile, mkdir, mkdtemp, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git } from './git.ts';
import type { GitSettings } from './git-settings.ts';
import type { Repository } from './repository.ts';

const MAX_COPIED_BYTES = 256_000_000;
/** All but the index format is also the default. */
const CONFIG = `[core]
bare = false
fsmonitor = false
hooksPath = /dev/null
splitIndex = false
[protocol]
allow = never
`;
const SHA256_CONFIG = `[core]
repositoryFormatVersion = 1
[extensions]
objectFormat = sha256
`;

export interface GitFolder {
  readonly path: string;
  readonly objects: string;
  /**
   * Runs a git command in the root of the working tree. Rejects if it fails.
   * @param maxBytes how much of its output is read at most
   */
  run(args: readonly string[], input?: Uint8Array, maxBytes?: number): Promise<Buffer>;
}

interface GitFolderOptions {
  git: Git;
  repository: Repository;
  settings: GitSettings;
  /** Where to create it. The name is random: files that someone else puts there beforehand have no effect. */
  parent: string;
  /** The folder with the index to start with. */
  indexFolder: string;
  /** More folders with objects, which are only read. */
  objectFolders: readonly string[];
  /** Aborts the commands. */
  signal: AbortSignal;
}

export async function createGitFolder(options: GitFolderOptions): Promise<GitFolder> {
  const { git, repository, settings, signal } = options;
  const path = await mkdtemp(join(options.parent, 'git-'));
  for (const name of ['objects', 'refs', 'info']) await mkdir(join(path, name));
  await writeFile(join(path, 'HEAD'), 'ref: refs/heads/none\n');
  const format = settings.objectFormat === 'sha256' ? SHA256_CONFIG : '';
  await writeFile(join(path, 'config'), CONFIG + format);
  await copyIfFile(join(repository.commonFolder, 'info/exclude'), join(path, 'info/exclude'));
  const indexFiles = /^(index|sharedindex\.\w+)$/;
  for (const name of await readdir(options.indexFolder)) {
    if (indexFiles.test(name)) await copyIfFile(join(options.indexFolder, name), join(path, name));
  }

  const alternates = options.objectFolders.map((folder) => JSON.stringify(folder)).join(':');
  const env = {
    GIT_DIR: path,
    GIT_WORK_TREE: repository.root,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: alternates,
  };
  return {
    path,
    objects: join(path, 'objects'),
    run: (args, input, maxBytes) =>
      git(['-C', repository.root, ...settings.options, ...args], {
        cwd: path,
        env,
        signal,
        input,
        maxBytes,
      }),
  };
}

/** Copies a file. Its time of change is rounded down: git then checks more files for changes, not fewer. */
async function copyIfFile(from: string, to: string): Promise<void> {
  const source = await stat(from).catch(() => null);
  if (!source?.isFile()) return;
  if (source.size > MAX_COPIED_BYTES) throw new Error(`${from} is too large`);
  await copyFile(from, to);
  const seconds = Math.floor(source.mtimeMs / 1_000);
  await utimes(to, seconds, seconds);
}
