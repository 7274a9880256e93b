// Settings of the user and the repository that decide which files and lines count. Git does not use their configuration
// files as its own, because these can name programs.
import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Git } from './git.ts';

const NAMES = '^(core\\.(autocrlf|eol|excludesfile)|extensions\\.objectformat)$';

export interface GitSettings {
  /** Options of git. */
  readonly options: readonly string[];
  readonly objectFormat: 'sha1' | 'sha256';
}

/**
 * Reads the settings with `git config --file`, from a file that includes the configuration files.
 * @param repositoryConfig the path of the repository's configuration file
 * @param scratch a folder for the file
 */
export async function readGitSettings(
  git: Git,
  repositoryConfig: string,
  scratch: string,
  signal: AbortSignal,
): Promise<GitSettings> {
  const home = process.env['HOME'] ?? homedir();
  const userFolder = join(process.env['XDG_CONFIG_HOME'] || join(home, '.config'), 'git');
  const included = ['/etc/gitconfig', join(userFolder, 'config'), join(home, '.gitconfig')];
  const file = join(scratch, 'settings');
  const sections = [
    `[core]\nexcludesFile = ${JSON.stringify(join(userFolder, 'ignore'))}`,
    ...[...included, repositoryConfig].map((path) => `[include]\npath = ${JSON.stringify(path)}`),
  ];
  await writeFile(file, sections.join('\n'));

  const args = ['config', '-z', '--type=path', '--includes', '--file', file, '--get-regexp', NAMES];
  const env = { GIT_DIR: '/dev/null', HOME: home };
  const output = await git(args, { cwd: scratch, env, signal, input: undefined });
  const settings = output.toString().split('\0');
  const format = settings.findLast((setting) => setting.startsWith('extensions.'));
  return {
    options: settings.flatMap((setting) =>
      setting.startsWith('core.') ? ['-c', setting.replace('\n', '=')] : [],
    ),
    objectFormat: format?.endsWith('\nsha256') ? 'sha256' : 'sha1',
  };
}
