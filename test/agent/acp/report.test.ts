// What an agent tells of a turn beside its output: conversation, usage, changes.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { takeSnapshot } from '../../../src/agent/acp/folder-snapshot.ts';
import { type AgentFixture, createAgentFixture } from '../../support/agent/agent-fixture.ts';
import type { AgentSocket } from '../../support/agent/scripted-hub.ts';

let fixture: AgentFixture;
let work: string;

beforeEach(() => {
  fixture = createAgentFixture({ acknowledge: true });
  work = join(fixture.folder, 'work');
  mkdirSync(work);
});
afterEach(() => fixture[Symbol.asyncDispose]());

const options = () => ({
  cwd: work,
  acp: {
    title: 'Scripted',
    argv: [process.execPath, join(import.meta.dir, '../../support/agent/acp-program-process.ts')],
    env: { HOME: fixture.folder },
  },
});
const run = (command: string) => `@run ${JSON.stringify({ command })}`;
const spend = (amount: number) => {
  const cost = { amount, currency: 'USD' };
  return `@update ${JSON.stringify([{ sessionUpdate: 'usage_update', used: 5, size: 10, cost }])}`;
};

async function reportOf(hub: AgentSocket, command: string, session?: 'new') {
  const { finished } = await hub.waitForFinished(hub.execute(command, session && { session }));
  return finished.report;
}

function git(...args: string[]): void {
  const who = ['-c', 'user.name=t', '-c', 'user.email=t@example.com'];
  const { exitCode, stderr } = Bun.spawnSync(['git', ...who, ...args], { cwd: work });
  if (exitCode !== 0) throw new Error(stderr.toString());
}

/** A repository with two files, one of them changed since. */
function createRepository(): void {
  git('init', '--quiet');
  writeFileSync(join(work, 'one.txt'), 'a\nb\nc\n');
  writeFileSync(join(work, 'two.txt'), 'x\n');
  writeFileSync(join(work, '.gitignore'), 'ignored/\n');
  git('add', '.');
  git('commit', '--quiet', '-m', 'first');
  writeFileSync(join(work, 'two.txt'), 'changed before\n');
}

describe('the conversation', () => {
  test('is told when it is open, again after a reconnect, and with the end', async () => {
    const hub = await fixture.connect(options());
    const id = hub.execute('@spawn');
    const { conversationId } = await hub.waitFor('command:report');
    expect(conversationId).toBeString();
    hub.terminate();
    const again = await fixture.hub.waitForAgent();
    again.sendWelcome({ resume: [{ commandId: id, nextSequence: 0 }] });
    expect(await again.waitFor('command:report')).toMatchObject({ commandId: id, conversationId });
  });

  test('stays the same until another is begun', async () => {
    const hub = await fixture.connect(options());
    const first = await reportOf(hub, '@stop end_turn');
    expect(first?.conversationId).toBeString();
    const second = await reportOf(hub, '@stop end_turn');
    expect(second?.conversationId).toBe(first?.conversationId ?? '');
    const third = await reportOf(hub, '@stop end_turn', 'new');
    expect(third?.conversationId).not.toBe(first?.conversationId);
  });

  test('a shell command has none', async () => {
    const hub = await fixture.connect(options());
    expect(await reportOf(hub, '!true')).toBeUndefined();
  });
});

describe('the cost', () => {
  test('is that of the turn, not of all turns before', async () => {
    const hub = await fixture.connect(options());
    const cost = async (amount: number, session?: 'new') =>
      (await reportOf(hub, spend(amount), session))?.usage?.cost;
    expect(await cost(0.5)).toEqual({ amount: 0.5, currency: 'USD' });
    expect(await cost(0.75)).toEqual({ amount: 0.25, currency: 'USD' });
    expect(await cost(0.125, 'new')).toEqual({ amount: 0.125, currency: 'USD' });
  });

  test('is not told where nobody knows what was spent before', async () => {
    const hub = await fixture.connect(options());
    await reportOf(hub, spend(0.5));
    await fixture.stopAll();
    const again = await fixture.connect(options());
    expect((await reportOf(again, spend(0.75)))?.usage).toEqual({ used: 5, size: 10 });
    const next = await reportOf(again, spend(1));
    expect(next?.usage?.cost).toEqual({ amount: 0.25, currency: 'USD' });
  });
});

describe('nonsense', () => {
  test.each([
    ['fewer than no tokens', { used: -1, size: 10 }],
    ['half a token', { used: 0.5, size: 10 }],
  ])('such as %s is not passed on', async (_, usage) => {
    const hub = await fixture.connect(options());
    const news = [{ sessionUpdate: 'usage_update', ...usage }];
    const report = await reportOf(hub, `@update ${JSON.stringify(news)}`);
    expect(report).toEqual({ conversationId: expect.any(String) });
  });

  test('such as a currency like a novel leaves the rest', async () => {
    const hub = await fixture.connect(options());
    const cost = { amount: 1, currency: 'x'.repeat(100) };
    const news = [{ sessionUpdate: 'usage_update', used: 1, size: 10, cost }];
    const report = await reportOf(hub, `@update ${JSON.stringify(news)}`);
    expect(report?.usage).toEqual({ used: 1, size: 10 });
  });
});

describe('the changes', () => {
  test('are what the turn has changed, new files included, ignored ones not', async () => {
    createRepository();
    const hub = await fixture.connect(options());
    const change =
      'echo d >> one.txt; printf "1\\n2\\n" > new.txt; mkdir ignored; echo x > ignored/x';
    const { stdout, finished } = await hub.waitForFinished(hub.execute(run(change)));
    expect(finished.report?.changes).toEqual({ files: 2, added: 3, removed: 0 });
    expect(Bun.stripANSI(stdout)).toContain('2 files, +3 −0');
    const second = await reportOf(hub, run('rm two.txt; mv one.txt moved.txt'));
    expect(second?.changes).toEqual({ files: 2, added: 0, removed: 1 });
    expect((await reportOf(hub, run('true')))?.changes).toEqual({ files: 0, added: 0, removed: 0 });
  });

  test('leave the repository as it was, and nothing behind', async () => {
    createRepository();
    git('config', 'core.splitIndex', 'true');
    const before = Bun.spawnSync(['git', 'status', '--porcelain'], { cwd: work }).stdout.toString();
    const objects = () =>
      ['.git', '.git/objects'].flatMap((path) => readdirSync(join(work, path)).toSorted());
    const had = objects();
    const hub = await fixture.connect(options());
    await reportOf(hub, run('true'));
    expect(objects()).toEqual(had);
    const after = Bun.spawnSync(['git', 'status', '--porcelain'], { cwd: work }).stdout.toString();
    expect(after).toBe(before);
    await fixture.stopAll();
    const left = readdirSync(join(fixture.folder, 'state'));
    expect(left.filter((name) => name.startsWith('snapshot-'))).toEqual([]);
  });

  test('are counted in a repository without a commit', async () => {
    git('init', '--quiet');
    const hub = await fixture.connect(options());
    const report = await reportOf(hub, run('echo 1 > a'));
    expect(report?.changes).toEqual({ files: 1, added: 1, removed: 0 });
  });

  test('are counted without running anything that the repository names', async () => {
    createRepository();
    const trap = join(fixture.folder, 'trap.sh');
    const sprung = join(fixture.folder, 'sprung');
    writeFileSync(trap, `#!/bin/sh\nenv > ${sprung}\ncat\n`, { mode: 0o755 });
    writeFileSync(join(work, '.gitattributes'), '* filter=x diff=x\n');
    for (const key of ['filter.x.clean', 'filter.x.process', 'diff.x.command', 'diff.x.textconv']) {
      git('config', key, trap);
    }
    git('config', 'core.fsmonitor', trap);
    git('config', 'filter.x.required', 'true');
    const hub = await fixture.connect(options());
    const report = await reportOf(hub, run('echo d >> one.txt'));
    expect(report?.changes).toEqual({ files: 1, added: 1, removed: 0 });
    expect(existsSync(sprung)).toBe(false);
  });

  test('are not what a file name pretends', async () => {
    createRepository();
    writeFileSync(join(work, '900000\t5\tx'), 'some text\nof two lines\n');
    git('add', '.');
    git('commit', '--quiet', '-m', 'second');
    const hub = await fixture.connect(options());
    const report = await reportOf(hub, run('mv 900000* renamed'));
    expect(report?.changes).toEqual({ files: 1, added: 0, removed: 0 });
  });

  test('leave nothing behind of a snapshot that a crash has cut short', async () => {
    const left = join(fixture.folder, 'state/snapshot-abcdef');
    mkdirSync(left, { recursive: true });
    await fixture.connect(options());
    expect(existsSync(left)).toBe(false);
  });

  test('cost the turn nothing where there is no place to count them', async () => {
    createRepository();
    const hub = await fixture.connect(options());
    expect(await takeSnapshot(work, join(fixture.folder, 'nowhere'))).toBeNull();
    expect((await reportOf(hub, run('true')))?.changes).toBeDefined();
  });

  test('are not told where git cannot count them', async () => {
    const hub = await fixture.connect(options());
    expect((await reportOf(hub, run('echo 1 > a')))?.changes).toBeUndefined();
    createRepository();
    rmSync(join(work, '.git/HEAD'));
    expect((await reportOf(hub, run('echo 2 > a')))?.changes).toBeUndefined();
  });

  test('are not told of a folder that its repository ignores', async () => {
    createRepository();
    const ignored = join(work, 'ignored');
    mkdirSync(ignored);
    const hub = await fixture.connect({ ...options(), cwd: ignored });
    expect((await reportOf(hub, run('echo 1 > a')))?.changes).toBeUndefined();
  });
});
