// Repositories for tests of the folder snapshot.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const USER = ['-c', 'user.name=t', '-c', 'user.email=t@example.com'];
const SETTINGS = ['-c', 'init.defaultBranch=main', '-c', 'protocol.file.allow=always'];

/** Runs git as a user would. @throws if it fails */
export function runGit(folder: string, ...args: string[]): string {
  const argv = ['git', ...USER, ...SETTINGS, ...args];
  const { exitCode, stdout, stderr } = Bun.spawnSync(argv, { cwd: folder, stdin: 'ignore' });
  if (exitCode !== 0) throw new Error(stderr.toString());
  return stdout.toString();
}

/** Creates a repository with a commit of some files. */
export function createRepository(folder: string, files: Record<string, string | Uint8Array>): void {
  mkdirSync(folder, { recursive: true });
  runGit(folder, 'init', '--quiet');
  writeFiles(folder, files);
  runGit(folder, 'add', '--all');
  runGit(folder, 'commit', '--quiet', '--message', 'first');
}

export function writeFiles(folder: string, files: Record<string, string | Uint8Array>): void {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
}
