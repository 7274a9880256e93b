// How an agent reports the changes of a command: with its result, exactly once, to a hub that accepts them.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentFixture, createAgentFixture } from '../../support/agent/agent-fixture.ts';
import type { AgentSocket } from '../../support/agent/scripted-hub.ts';
import {
  createWorkFolder,
  instruct,
  scriptedProgram,
} from '../../support/agent/scripted-program.ts';
import { createRepository } from '../../support/agent/work-repository.ts';

const accept = ['command:changes'];

let fixture: AgentFixture;
let work: string;

beforeEach(() => {
  fixture = createAgentFixture();
  work = createWorkFolder(fixture);
  createRepository(work, { 'one.txt': 'a\n' });
});
afterEach(() => fixture[Symbol.asyncDispose]());

async function connect(options: Parameters<AgentFixture['start']>[0] = {}): Promise<AgentSocket> {
  fixture.start({ cwd: work, ...options });
  const hub = await fixture.hub.waitForAgent();
  hub.sendWelcome({ accept });
  return hub;
}

const typesOf = (hub: AgentSocket) =>
  hub.received.map(({ type }) => type).filter((type) => type !== 'agent:heartbeat');

test('a shell command: before its result, which has the counts', async () => {
  const hub = await connect();
  const id = hub.execute('!echo b >> one.txt');
  const { finished } = await hub.waitForFinished(id);
  expect(finished.report).toEqual({ changes: { files: 1, added: 1, removed: 0 } });
  expect(await hub.waitFor('command:changes')).toMatchObject({
    commandId: id,
    files: [{ path: 'one.txt', patch: '@@ -1 +1,2 @@\n a\n+b\n', isRevertible: true }],
    omittedFiles: 0,
  });
  expect(typesOf(hub).slice(-2)).toEqual(['command:changes', 'command:finished']);
});

test('a prompt, also in its text', async () => {
  const hub = await connect({ acp: scriptedProgram(fixture) });
  const id = hub.execute(instruct('run', { command: 'echo b >> one.txt' }));
  const { stdout, finished } = await hub.waitForFinished(id);
  expect(finished.report?.changes).toEqual({ files: 1, added: 1, removed: 0 });
  expect(Bun.stripANSI(stdout)).toContain('1 file, +1 −0');
  expect((await hub.waitFor('command:changes')).files).toHaveLength(1);
});

test('a command that was interrupted', async () => {
  const hub = await connect();
  const id = hub.execute('!echo b >> one.txt; echo ready; sleep 100');
  await hub.waitForOutput(id, 'ready');
  hub.send({ type: 'command:interrupt', commandId: id, reason: 'user' });
  const { finished } = await hub.waitForFinished(id);
  expect(finished).toMatchObject({ outcome: 'interrupted', report: { changes: { files: 1 } } });
});

test('nothing is sent if nothing changed, or the hub does not accept it', async () => {
  const hub = await connect();
  await hub.waitForFinished(hub.execute('!true'));
  hub.terminate();
  const old = await fixture.hub.waitForAgent();
  old.sendWelcome();
  const id = old.execute('!echo b >> one.txt');
  const { finished } = await old.waitForFinished(id);
  expect(finished.report?.changes).toMatchObject({ files: 1 });
  expect([...typesOf(hub), ...typesOf(old)]).not.toContain('command:changes');
});

test('the command starts after the folder has been recorded, also with keys typed before', async () => {
  const hub = await connect({ pty: true });
  const commandId = hub.execute('!read line; echo "got $line" > one.txt');
  hub.send({ type: 'command:input', commandId, data: 'typed\n' });
  await hub.waitForFinished(commandId);
  expect(readFileSync(join(work, 'one.txt'), 'utf8')).toBe('got typed\n');
  expect((await hub.waitFor('command:changes')).files).toMatchObject([{ path: 'one.txt' }]);
});

describe('until the result is acknowledged', () => {
  test('the changes are sent again after a reconnect', async () => {
    const hub = await connect();
    const id = hub.execute('!echo b >> one.txt');
    await hub.waitForFinished(id);
    const first = await hub.waitFor('command:changes');
    hub.terminate();
    const second = await fixture.hub.waitForAgent();
    second.sendWelcome({ accept, resume: [{ commandId: id, nextSequence: 0 }] });
    await second.waitForFinished(id);
    expect(await second.waitFor('command:changes')).toEqual(first);
    second.send({ type: 'command:acknowledged', commandId: id });
    second.terminate();
    const third = await fixture.hub.waitForAgent();
    expect(third.connectMessage.held).toEqual([]);
  });

  test('they survive a restart of the agent', async () => {
    const hub = await connect();
    const id = hub.execute('!echo b >> one.txt');
    await hub.waitForFinished(id);
    const first = await hub.waitFor('command:changes');
    const stopped = fixture.stopAll();
    hub.terminate();
    await stopped;
    const second = await connect();
    await second.waitForFinished(id);
    expect(await second.waitFor('command:changes')).toEqual(first);
  });
});

describe('a problem is reported instead', () => {
  const problemOf = async (hub: AgentSocket, command = '!true') =>
    (await hub.waitForFinished(hub.execute(command))).finished.report;

  test('no repository', async () => {
    const plain = join(fixture.folder, 'plain');
    mkdirSync(plain);
    const hub = await connect({ cwd: plain });
    expect(await problemOf(hub)).toEqual({ changesProblem: 'no_repository' });
  });

  test('an ignored folder', async () => {
    writeFileSync(join(work, '.gitignore'), 'ignored\n');
    mkdirSync(join(work, 'ignored'));
    const hub = await connect({ cwd: join(work, 'ignored') });
    expect(await problemOf(hub)).toEqual({ changesProblem: 'ignored' });
  });
});

test('a file is reverted on request', async () => {
  const hub = await connect();
  expect(hub.connectMessage.accept).toEqual(['changes:revert']);
  const commandId = hub.execute('!echo b >> one.txt');
  await hub.waitForFinished(commandId);
  const revert = (requestId: string) =>
    hub.send({ type: 'changes:revert', requestId, commandId, path: 'one.txt' });
  revert('r1');
  expect(await hub.waitFor('changes:reverted')).toMatchObject({ requestId: 'r1' });
  expect(readFileSync(join(work, 'one.txt'), 'utf8')).toBe('a\n');
  revert('r2');
  const second = await hub.waitFor('changes:reverted', ({ requestId }) => requestId === 'r2');
  expect(second.error).toContain('has changed since');
});
