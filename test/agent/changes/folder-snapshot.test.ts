// The changes of a turn, as measured with git.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { takeSnapshot } from '../../../src/agent/changes/folder-snapshot.ts';
import { type AgentFixture, createAgentFixture } from '../../support/agent/agent-fixture.ts';
import type { AgentSocket } from '../../support/agent/scripted-hub.ts';
import {
  createWorkFolder,
  instruct,
  scriptedProgram,
} from '../../support/agent/scripted-program.ts';
import { createTrapProgram } from '../../support/agent/traps.ts';
import { runGit } from '../../support/agent/work-repository.ts';

let fixture: AgentFixture;
let work: string;

beforeEach(() => {
  fixture = createAgentFixture({ acknowledge: true });
  work = createWorkFolder(fixture);
});
afterEach(() => fixture[Symbol.asyncDispose]());

const connect = (cwd = work) => fixture.connect({ acp: scriptedProgram(fixture), cwd });

/** Runs a shell command in a turn. */
const runInTurn = (hub: AgentSocket, command: string) =>
  hub.waitForFinished(hub.execute(instruct('run', { command })));

async function changesOf(hub: AgentSocket, command: string) {
  return (await runInTurn(hub, command)).finished.report?.changes;
}

const git = (...args: string[]) => runGit(work, ...args);

/** Creates a repository with two files, one of them with an uncommitted change. */
function createRepository(): void {
  git('init', '--quiet');
  writeFileSync(join(work, 'one.txt'), 'a\nb\nc\n');
  writeFileSync(join(work, 'two.txt'), 'x\n');
  writeFileSync(join(work, '.gitignore'), 'ignored/\n');
  git('add', '.');
  git('commit', '--quiet', '-m', 'first');
  writeFileSync(join(work, 'two.txt'), 'changed before\n');
}

test('includes new files and excludes ignored files and earlier changes', async () => {
  createRepository();
  const hub = await connect();
  const command =
    'echo d >> one.txt; printf "1\\n2\\n" > new.txt; mkdir ignored; echo x > ignored/x';
  const { stdout, finished } = await runInTurn(hub, command);
  expect(finished.report?.changes).toEqual({ files: 2, added: 3, removed: 0 });
  expect(Bun.stripANSI(stdout)).toContain('2 files, +3 −0');
  const second = await changesOf(hub, 'rm two.txt; mv one.txt moved.txt');
  expect(second).toEqual({ files: 2, added: 0, removed: 1 });
  expect(await changesOf(hub, 'true')).toEqual({ files: 0, added: 0, removed: 0 });
});

test('does not change the repository and leaves no files', async () => {
  createRepository();
  git('config', 'core.splitIndex', 'true');
  const status = git('status', '--porcelain');
  const listFiles = () =>
    ['.git', '.git/objects'].flatMap((path) => readdirSync(join(work, path)).toSorted());
  const files = listFiles();
  const hub = await connect();
  await changesOf(hub, 'true');
  expect(listFiles()).toEqual(files);
  expect(git('status', '--porcelain')).toBe(status);
  await fixture.stopAll();
  const left = readdirSync(join(fixture.folder, 'state'));
  expect(left.filter((name) => name.startsWith('snapshot-'))).toEqual([]);
});

test('works in a repository without commits', async () => {
  git('init', '--quiet');
  const hub = await connect();
  expect(await changesOf(hub, 'echo 1 > a')).toEqual({ files: 1, added: 1, removed: 0 });
});

test('runs no program that the repository names', async () => {
  createRepository();
  const program = join(fixture.folder, 'program.sh');
  const evidence = join(fixture.folder, 'evidence');
  writeFileSync(program, `#!/bin/sh\nenv > ${evidence}\ncat\n`, { mode: 0o755 });
  writeFileSync(join(work, '.gitattributes'), '* filter=x diff=x\n');
  for (const key of ['filter.x.clean', 'filter.x.process', 'diff.x.command', 'diff.x.textconv']) {
    git('config', key, program);
  }
  git('config', 'core.fsmonitor', program);
  git('config', 'filter.x.required', 'true');
  const hub = await connect();
  const changes = await changesOf(hub, 'echo d >> one.txt');
  expect(changes).toEqual({ files: 1, added: 1, removed: 0 });
  expect(existsSync(evidence)).toBe(false);
});

test('runs no program that the turn names', async () => {
  createRepository();
  const program = createTrapProgram(fixture.folder);
  const nested = join(work, 'nested');
  runGit(work, 'init', '--quiet', nested);
  const hub = await connect();
  const setTrap = (folder: string) =>
    `printf '* filter=y\\n' > ${folder}/.gitattributes; git -C ${folder} config filter.y.clean ${program.path}`;
  const command = `echo d >> one.txt; ${setTrap(work)}; ${setTrap(nested)}`;
  expect(await changesOf(hub, command)).toEqual({ files: 2, added: 2, removed: 0 });
  expect(await changesOf(hub, 'echo e >> one.txt')).toEqual({ files: 1, added: 1, removed: 0 });
  expect(program.hasRun()).toBe(false);
});

test('counts a file whose name looks like a row of numbers correctly', async () => {
  createRepository();
  writeFileSync(join(work, '900000\t5\tx'), 'some text\nof two lines\n');
  git('add', '.');
  git('commit', '--quiet', '-m', 'second');
  const hub = await connect();
  const changes = await changesOf(hub, 'mv 900000* renamed');
  expect(changes).toEqual({ files: 1, added: 0, removed: 0 });
});

test('removes snapshots that a crash has left', async () => {
  const left = join(fixture.folder, 'state/snapshot-abcdef');
  mkdirSync(left, { recursive: true });
  await connect();
  expect(existsSync(left)).toBe(false);
});

test('is skipped if the scratch folder does not exist', async () => {
  createRepository();
  const hub = await connect();
  expect((await takeSnapshot(work, join(fixture.folder, 'nowhere'))).problem).toBe('failed');
  expect(await changesOf(hub, 'true')).toBeDefined();
});

test('is skipped without a valid repository', async () => {
  const hub = await connect();
  expect(await changesOf(hub, 'echo 1 > a')).toBeUndefined();
  createRepository();
  rmSync(join(work, '.git/HEAD'));
  expect(await changesOf(hub, 'echo 2 > a')).toBeUndefined();
});

test('is skipped in a folder that its repository ignores', async () => {
  createRepository();
  const ignored = join(work, 'ignored');
  mkdirSync(ignored);
  const hub = await connect(ignored);
  expect(await changesOf(hub, 'echo 1 > a')).toBeUndefined();
});
