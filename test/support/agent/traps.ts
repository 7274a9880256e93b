// Traps: ways in which a folder can make git run a program. Each trap's program creates a marker file.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runGit } from './work-repository.ts';

export interface Trap {
  /** Sets the trap in a repository that has a committed file `one.txt`. @param program the path of the program */
  set(repository: string, program: string): void;
  /** A git command that springs it if `one.txt` has changed: this shows that the trap works. */
  spring: string[];
}

/** Sets configuration values whose value is the program. */
const config =
  (...names: string[]) =>
  (repository: string, program: string) => {
    for (const name of names) runGit(repository, 'config', name, program);
  };

const attributes = (repository: string) =>
  writeFileSync(join(repository, '.gitattributes'), '* filter=x diff=x merge=x\n');

const filterSection = (program: string) => `[filter "x"]\n\tclean = ${program}\n`;

export const traps: Record<string, Trap> = {
  'a clean filter': {
    set(repository, program) {
      attributes(repository);
      config('filter.x.clean', 'filter.x.smudge')(repository, program);
    },
    spring: ['add', '--all'],
  },
  'a required filter process': {
    set(repository, program) {
      attributes(repository);
      runGit(repository, 'config', 'filter.x.required', 'true');
      config('filter.x.process')(repository, program);
    },
    spring: ['add', '--all'],
  },
  'an external diff': {
    set(repository, program) {
      attributes(repository);
      config('diff.external', 'diff.x.command')(repository, program);
    },
    spring: ['diff'],
  },
  textconv: {
    set(repository, program) {
      attributes(repository);
      config('diff.x.textconv')(repository, program);
    },
    spring: ['diff'],
  },
  fsmonitor: { set: config('core.fsmonitor'), spring: ['status'] },
  'an alias': {
    set(repository, program) {
      for (const name of ['x', 'ls-files', 'update-index', 'config', 'write-tree']) {
        runGit(repository, 'config', `alias.${name}`, `!${program}`);
      }
    },
    spring: ['x'],
  },
  'an editor, a pager and other helper programs': {
    set: config(
      'core.editor',
      'core.pager',
      'pager.diff',
      'core.sshCommand',
      'core.askPass',
      'core.alternateRefsCommand',
      'credential.helper',
      'gpg.program',
      'merge.x.driver',
      'sequence.editor',
      'uploadpack.packObjectsHook',
    ),
    spring: ['rebase', '--interactive', '--root', '--autostash'],
  },
  'hooks in .git/hooks': {
    set: (repository, program) => writeHooks(join(gitFolder(repository), 'hooks'), program),
    spring: ['update-index', 'one.txt'],
  },
  'hooks in another folder': {
    set(repository, program) {
      runGit(repository, 'config', 'core.hooksPath', join(repository, 'my-hooks'));
      writeHooks(join(repository, 'my-hooks'), program);
    },
    spring: ['update-index', 'one.txt'],
  },
  'an included configuration': {
    set(repository, program) {
      attributes(repository);
      writeFileSync(join(repository, 'included'), filterSection(program));
      runGit(repository, 'config', 'include.path', join(repository, 'included'));
      runGit(repository, 'config', 'includeIf.gitdir:**.path', join(repository, 'included'));
    },
    spring: ['add', '--all'],
  },
  'a configuration of the worktree': {
    set(repository, program) {
      attributes(repository);
      runGit(repository, 'config', 'extensions.worktreeConfig', 'true');
      runGit(repository, 'config', '--worktree', 'filter.x.clean', program);
    },
    spring: ['add', '--all'],
  },
  'a promisor remote': {
    set(repository, program) {
      const settings = {
        'extensions.partialClone': 'origin',
        'core.repositoryFormatVersion': '1',
        'protocol.ext.allow': 'always',
        'remote.origin.promisor': 'true',
        'remote.origin.url': `ext::${program}`,
      };
      for (const [name, value] of Object.entries(settings)) {
        runGit(repository, 'config', name, value);
      }
      const blob = runGit(repository, 'rev-parse', 'HEAD:one.txt').trim();
      rmSync(join(gitFolder(repository), 'objects', blob.slice(0, 2), blob.slice(2)));
    },
    spring: ['diff'],
  },
};

function gitFolder(repository: string): string {
  return runGit(repository, 'rev-parse', '--absolute-git-dir').trim();
}

function writeHooks(folder: string, program: string): void {
  mkdirSync(folder, { recursive: true });
  const names = ['post-index-change', 'pre-command', 'reference-transaction', 'fsmonitor-watchman'];
  for (const name of names) {
    writeFileSync(join(folder, name), `#!/bin/sh\nexec ${program}\n`, { mode: 0o755 });
  }
}

/** Creates the program of a trap. @returns its path, and whether it has been started */
export function createTrapProgram(folder: string) {
  const path = join(folder, 'program.sh');
  const marker = join(folder, 'marker');
  writeFileSync(path, `#!/bin/sh\nenv > ${marker}\nexit 1\n`, { mode: 0o755 });
  return { path, hasRun: () => existsSync(marker) };
}
