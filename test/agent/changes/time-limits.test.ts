// A folder that takes too long to read delays a command only a little, and the next shell commands not at all.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createChangeTracker } from '../../../src/agent/changes/change-tracker.ts';
import { createRepository } from '../../support/agent/work-repository.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

const { PATH } = process.env;

let temporary: TemporaryFolder;
let work: string;

beforeEach(() => {
  temporary = createTemporaryFolder();
  work = join(temporary.path, 'work');
  for (const name of ['bin', 'state']) mkdirSync(join(temporary.path, name));
  createRepository(work, { 'one.txt': 'a\n' });
});
afterEach(() => {
  process.env['PATH'] = PATH;
  temporary.remove();
});

/** Replaces git by a script, or uses the real one again. */
function replaceGit(script: string | null): void {
  const folder = join(temporary.path, 'bin');
  writeFileSync(join(folder, 'git'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env['PATH'] = script === null ? PATH : `${folder}:${PATH}`;
}

/** Makes git wait forever, as with a disk that does not respond. */
const setGitSlow = (isSlow: boolean) => replaceGit(isSlow ? 'exec sleep 1000' : null);

function createTracker() {
  const clock = createManualClock();
  const stateDir = join(temporary.path, 'state');
  const tracker = createChangeTracker({ cwd: work, stateDir, clock, log: () => undefined });

  /** Runs a command that changes a file. Returns the report, and how long measuring took. */
  async function run(command: string, text: string) {
    const started = performance.now();
    const meter = tracker.begin('c1', command);
    await meter.ready;
    writeFileSync(join(work, 'one.txt'), text);
    const { report } = await meter.measure();
    meter.discard();
    return { report, ms: performance.now() - started };
  }

  return { clock, tracker, run };
}

test('a shell command waits for at most 2 s, and the next ones do not wait for 10 min', async () => {
  const { clock, run } = createTracker();
  setGitSlow(true);
  const first = await run('!make', 'b\n');
  expect(first.report).toEqual({ changesProblem: 'timeout' });
  expect(first.ms).toBeWithin(1_900, 4_000);
  expect((await run('!make', 'c\n')).ms).toBeLessThan(1_900);
  setGitSlow(false);
  expect((await run('!make', 'd\n')).report).toEqual({ changesProblem: 'timeout' });
  clock.advance(600_000);
  expect((await run('!make', 'e\n')).report).toMatchObject({ changes: { files: 1 } });
}, 30_000);

test('a prompt is measured also after a timeout', async () => {
  const { run } = createTracker();
  setGitSlow(true);
  await run('!make', 'b\n');
  setGitSlow(false);
  expect((await run('Fix it', 'c\n')).report).toMatchObject({ changes: { files: 1 } });
}, 30_000);

test('the short limit of an interrupted command does not stop later ones from being measured', async () => {
  const { tracker, run } = createTracker();
  const meter = tracker.begin('c1', '!make');
  await meter.ready;
  expect((await meter.measure(0)).report).toEqual({ changesProblem: 'timeout' });
  meter.discard();
  expect((await run('!make', 'b\n')).report).toMatchObject({ changes: { files: 1 } });
});

test('the changes are known even if git crashes because the command truncates a file that it reads', async () => {
  const { run } = createTracker();
  const crashed = join(temporary.path, 'crashed');
  const git = Bun.which('git');
  replaceGit(
    `case "$*" in *write-tree*) mkdir ${crashed} && kill -BUS $$ ;; esac; exec ${git} "$@"`,
  );
  expect((await run('!make', 'b\n')).report).toMatchObject({ changes: { files: 1, added: 1 } });
  expect(existsSync(crashed)).toBe(true);
});

test('a folder without a repository costs no time', async () => {
  const { clock } = createTracker();
  const stateDir = join(temporary.path, 'state');
  const options = { cwd: temporary.path, stateDir, clock, log: () => undefined };
  const meter = createChangeTracker(options).begin('c1', '!make');
  expect(meter.ready).toBeNull();
  expect((await meter.measure()).report).toEqual({ changesProblem: 'no_repository' });
});
