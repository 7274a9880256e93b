// Counting the changes of a turn runs no program of the folder.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type FolderSnapshot, takeSnapshot } from '../../../src/agent/changes/folder-snapshot.ts';
import { createTrapProgram, traps } from '../../support/agent/traps.ts';
import { createRepository, runGit } from '../../support/agent/work-repository.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

const FILES = { 'one.txt': 'a\nb\nc\n' };

let temporary: TemporaryFolder;
let work: string;
let scratch: string;

beforeEach(() => {
  temporary = createTemporaryFolder();
  work = join(temporary.path, 'work');
  scratch = join(temporary.path, 'scratch');
  for (const path of [work, scratch]) mkdirSync(path);
});
afterEach(() => temporary.remove());

/** Where the repository with the trap is. Each function creates it in the work folder and returns its path. */
const placements: Record<string, () => string> = {
  'the repository of the folder': () => {
    createRepository(work, FILES);
    return work;
  },
  'a nested repository': () => {
    createRepository(work, FILES);
    createRepository(join(work, 'nested'), FILES);
    return join(work, 'nested');
  },
  'a nested repository in a plain folder': () => {
    createRepository(join(work, 'nested'), FILES);
    return join(work, 'nested');
  },
  'a nested repository that git tracks': () => {
    createRepository(join(work, 'nested'), FILES);
    createRepository(work, FILES);
    return join(work, 'nested');
  },
  'a submodule': () => {
    const origin = join(temporary.path, 'origin');
    createRepository(origin, FILES);
    createRepository(work, FILES);
    runGit(work, 'submodule', '--quiet', 'add', origin, 'nested');
    runGit(work, 'config', '--file', '.gitmodules', 'submodule.nested.ignore', 'none');
    runGit(work, 'commit', '--quiet', '--all', '--message', 'second');
    return join(work, 'nested');
  },
  'a repository behind a .git file': () => {
    createRepository(work, FILES);
    createRepository(join(work, 'nested'), FILES);
    const elsewhere = join(temporary.path, 'elsewhere');
    renameSync(join(work, 'nested/.git'), elsewhere);
    writeFileSync(join(work, 'nested/.git'), `gitdir: ${elsewhere}\n`);
    return join(work, 'nested');
  },
};

/** All traps are tried where git would run, and in a nested repository. The other places are like the second. */
const isTriedFully = (placement: string) =>
  placement.startsWith('the repository') || placement === 'a nested repository';

/** The traps for a placement, and when they are set. */
function listTraps(placement: string): [trap: string, time: string][] {
  if (!isTriedFully(placement)) return MAIN_TRAPS.map((trap) => [trap, 'before']);
  return ['before', 'during'].flatMap((time) =>
    Object.keys(traps).map((trap): [string, string] => [trap, time]),
  );
}

const MAIN_TRAPS = ['a clean filter', 'an external diff', 'hooks in .git/hooks'];

/** Git does not open an editor for a user without a name, as on a fresh machine. */
const IDENTITY = {
  GIT_AUTHOR_NAME: 't',
  GIT_AUTHOR_EMAIL: 't@example.com',
  GIT_COMMITTER_NAME: 't',
  GIT_COMMITTER_EMAIL: 't@example.com',
};

/** Runs a user's git command, to show that a trap works. */
function runAsUser(cwd: string, args: readonly string[]): void {
  const argv = ['/bin/sh', '-c', 'git "$@"', 'sh', ...args];
  Bun.spawnSync(argv, {
    cwd,
    env: { ...process.env, ...IDENTITY },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
}

/** Changes a line. The size stays the same, so that git has to read the file. */
function changeFiles(letter: string, ...folders: string[]): void {
  for (const folder of folders) writeFileSync(join(folder, 'one.txt'), `a\nb\n${letter}\n`);
}

/** Counts the changes, and also reads their diffs and writes the earlier files, as for a command. */
async function readAll(snapshot: FolderSnapshot) {
  const changes = await snapshot.changes();
  if (typeof changes === 'string') return changes;
  const earlier = changes.files.filter(({ change }) => change.kind !== 'added');
  await changes.checkOut(
    earlier.map(({ file }) => file.oldPath),
    join(scratch, 'earlier'),
  );
  return changes.total;
}

describe.each(Object.keys(placements))('no program runs from %s', (placement) => {
  test.each(listTraps(placement))('%s, set %s the turn', async (name, time) => {
    const repository = placements[placement]?.() ?? '';
    const trap = traps[name];
    const program = createTrapProgram(temporary.path);
    if (time === 'before') trap?.set(repository, program.path);
    changeFiles('d', work, repository);
    const snapshot = await takeSnapshot(work, scratch);
    if (time === 'during') trap?.set(repository, program.path);
    changeFiles('e', work, repository);
    await readAll(snapshot);
    expect(program.hasRun()).toBe(false);

    runAsUser(repository, trap?.spring ?? []);
    expect(program.hasRun()).toBe(true);
  });
});

describe('no program runs from', () => {
  const expected = { files: 1, added: 1, removed: 1 };
  const environment = { ...process.env };
  const currentFolder = process.cwd();
  afterEach(() => {
    process.chdir(currentFolder);
    for (const name of Object.keys(process.env)) {
      if (!(name in environment)) delete process.env[name];
    }
    Object.assign(process.env, environment);
  });

  async function countWith(env: Record<string, string>) {
    Object.assign(process.env, env);
    const snapshot = await takeSnapshot(work, scratch);
    changeFiles('d', work);
    return readAll(snapshot);
  }

  test('the GIT_ variables of the agent', async () => {
    createRepository(work, { ...FILES, '.gitattributes': '* filter=x diff=x\n' });
    const program = createTrapProgram(temporary.path);
    const env = {
      GIT_CONFIG_COUNT: '2',
      GIT_CONFIG_KEY_0: 'filter.x.clean',
      GIT_CONFIG_VALUE_0: program.path,
      GIT_CONFIG_KEY_1: 'core.fsmonitor',
      GIT_CONFIG_VALUE_1: program.path,
      GIT_CONFIG_PARAMETERS: `'filter.x.process'='${program.path}'`,
      GIT_EXTERNAL_DIFF: program.path,
      GIT_DIR: join(work, '.git'),
      GIT_WORK_TREE: work,
      GIT_PAGER: program.path,
    };
    expect(await countWith(env)).toEqual(expected);
    expect(program.hasRun()).toBe(false);
    runAsUser(work, ['add', '--all']);
    expect(program.hasRun()).toBe(true);
  });

  test('the configuration of the user, whose ignore rules count', async () => {
    createRepository(work, { ...FILES, '.gitattributes': '* filter=x diff=x\n' });
    const program = createTrapProgram(temporary.path);
    const home = join(temporary.path, 'home');
    mkdirSync(home);
    const config = `[filter "x"]\nclean = ${program.path}\n[core]\nfsmonitor = ${program.path}\n`;
    writeFileSync(join(home, '.gitconfig'), `${config}excludesFile = ~/ignore\n`);
    writeFileSync(join(home, 'ignore'), '*.txt\n!new.txt\n');
    writeFileSync(join(work, 'new.txt'), 'x\n');
    runGit(work, 'rm', '--quiet', '--cached', 'one.txt');
    expect(await countWith({ HOME: home })).toEqual({ files: 0, added: 0, removed: 0 });
    expect(program.hasRun()).toBe(false);
    runAsUser(work, ['add', '--all']);
    expect(program.hasRun()).toBe(true);
  });

  test.each(['the folder', 'a subfolder', 'a link to the folder', '.'])(
    'a git in PATH: %s',
    async (place) => {
      createRepository(work, FILES);
      const program = createTrapProgram(temporary.path);
      mkdirSync(join(work, 'bin'));
      symlinkSync(work, join(temporary.path, 'link'));
      for (const folder of ['', 'bin']) symlinkSync(program.path, join(work, folder, 'git'));
      const folders: Record<string, string> = {
        'the folder': work,
        'a subfolder': join(work, 'bin'),
        'a link to the folder': join(temporary.path, 'link/bin'),
        '.': '.:bin:',
      };
      process.chdir(work);
      const PATH = `${folders[place]}:${process.env['PATH']}`;
      expect(await countWith({ PATH })).toEqual(expected);
      expect(program.hasRun()).toBe(false);
      runAsUser(work, ['status']);
      expect(program.hasRun()).toBe(true);
    },
  );

  test('the snapshot itself, if the turn can write to it', async () => {
    createRepository(work, { ...FILES, '.gitignore': 'state\n', '.gitattributes': '* filter=x\n' });
    const program = createTrapProgram(temporary.path);
    const state = join(work, 'state');
    mkdirSync(state);
    const snapshot = await takeSnapshot(work, state);
    const folders = readdirSync(state, { recursive: true, encoding: 'utf8' })
      .map((path) => join(state, path))
      .filter((path) => existsSync(join(path, 'HEAD')));
    expect(folders).toHaveLength(1);
    for (const folder of folders) {
      appendFileSync(join(folder, 'config'), `[filter "x"]\nclean = ${program.path}\n`);
      writeFileSync(join(folder, 'commondir'), join(work, '.git'));
    }
    runGit(work, 'config', 'filter.x.clean', program.path);
    changeFiles('d', work);
    expect(await readAll(snapshot)).toEqual(expected);
    expect(program.hasRun()).toBe(false);
    snapshot?.discard();
    expect(readdirSync(state)).toEqual([]);
  });
});
