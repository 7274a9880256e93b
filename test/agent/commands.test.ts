import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentFixture, createAgentFixture } from '../support/agent/agent-fixture.ts';
import {
  createFile,
  disconnect,
  interrupt,
  reconnect,
  roundTrip,
  waitForFile,
} from '../support/agent/steps.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';

let fixture: AgentFixture;
let clock: ManualClock;

beforeEach(() => {
  fixture = createAgentFixture();
  clock = createManualClock({ realTimeBelowMs: 100 });
});
afterEach(() => fixture[Symbol.asyncDispose]());

describe('command:execute', () => {
  test('a second command is logged and ignored while the first continues', async () => {
    const hub = await fixture.connect({ clock });
    const first = hub.execute(`!echo one; ${waitForFile('more')}; echo two`);
    await hub.waitForOutput(first, 'one');
    const second = hub.execute('!touch ran');
    await roundTrip(hub);
    await createFile(fixture, 'more');
    expect((await hub.waitForFinished(first)).stdout).toBe('one\ntwo\n');
    expect(existsSync(join(fixture.folder, 'ran'))).toBe(false);
    expect(fixture.logLines.join('\n')).toContain(`ignored attempt 1 of command ${second}`);
    expect(hub.received.some((m) => 'commandId' in m && m.commandId === second)).toBe(false);
  });

  test('an attempt runs once: it is ignored while running, when finished and when acknowledged', async () => {
    const hub = await fixture.connect({ clock });
    const commandId = hub.execute('!echo ran >>log');
    hub.execute('!echo ran >>log', { commandId });
    await hub.waitForFinished(commandId);
    hub.execute('!echo ran >>log', { commandId });
    await roundTrip(hub);
    hub.send({ type: 'command:acknowledged', commandId });
    hub.execute('!echo ran >>log', { commandId });
    await roundTrip(hub);
    expect(await Bun.file(join(fixture.folder, 'log')).text()).toBe('ran\n');
    hub.execute('!echo ran >>log', { commandId, attempt: 2 });
    await roundTrip(hub);
    expect(fixture.logLines.filter((line) => line.includes('ignored attempt'))).toHaveLength(3);
    expect(hub.received.filter((message) => message.type === 'command:started')).toHaveLength(2);
  });

  test('a prompt is rejected if no runner accepts prompts', async () => {
    const hub = await fixture.connect({ clock });
    const { finished } = await hub.waitForFinished(hub.execute('write a poem'));
    expect(finished).toMatchObject({
      outcome: 'failed',
      exitCode: null,
      error: { code: 'invalid_command' },
    });
    expect(hub.received.some((message) => message.type === 'command:started')).toBe(false);
  });

  test('a command that cannot start fails with program_failed', async () => {
    const hub = await fixture.connect({ clock, cwd: join(fixture.folder, 'nowhere') });
    const { finished } = await hub.waitForFinished(hub.execute('!true'));
    expect(finished).toMatchObject({
      outcome: 'failed',
      exitCode: null,
      error: { code: 'program_failed' },
    });
    expect((await hub.waitForFinished(hub.execute('!true'))).finished.outcome).toBe('failed');
  });
});

describe('command:interrupt', () => {
  test('before the command arrives is reported at once, and the command does not run', async () => {
    const hub = await fixture.connect({ clock });
    const commandId = Bun.randomUUIDv7();
    interrupt(hub, commandId);
    const { finished } = await hub.waitForFinished(commandId);
    expect(finished).toMatchObject({ outcome: 'interrupted', exitCode: null, lastSequence: -1 });
    hub.execute('!touch ran', { commandId });
    await roundTrip(hub);
    const reports = hub.received.filter(
      (message) => message.type === 'command:finished' && message.commandId === commandId,
    );
    expect(reports.length).toBe(2);
    expect(existsSync(join(fixture.folder, 'ran'))).toBe(false);
  });

  test('of a finished command does not change the result', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute('!exit 4');
    await hub.waitForFinished(id);
    interrupt(hub, id);
    await roundTrip(hub);
    const finished = hub.received.filter((message) => message.type === 'command:finished');
    expect(finished.filter((message) => message.commandId === id)).toHaveLength(1);
  });
});

describe('the stop list of a welcome', () => {
  test('stops a running command; its output and its result are still sent', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute(`!trap 'echo bye; exit' INT; echo one; while :; do sleep 0.02; done`);
    await hub.waitForOutput(id, 'one');
    await disconnect(fixture, hub);
    const second = await reconnect(fixture, clock);
    second.sendWelcome({ stop: [id] });
    const { stdout, finished } = await second.waitForFinished(id);
    expect(stdout).toBe('one\nbye\n');
    expect(finished).toMatchObject({ outcome: 'failed', error: { code: 'agent_lost' } });
    second.send({ type: 'command:acknowledged', commandId: id });
    const next = second.execute('!true');
    expect((await second.waitForFinished(next)).finished.outcome).toBe('completed');
  });

  test('makes the agent report a finished command again until it is acknowledged', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute('!echo one');
    await hub.waitForFinished(id);
    await disconnect(fixture, hub);
    const second = await reconnect(fixture, clock);
    second.sendWelcome({ stop: [id] });
    expect((await second.waitForFinished(id)).finished.outcome).toBe('completed');
    await disconnect(fixture, second);
    const third = await reconnect(fixture, clock);
    expect(third.connectMessage.held).toHaveLength(1);
    third.sendWelcome({ stop: [id] });
    third.send({ type: 'command:acknowledged', commandId: id });
    await roundTrip(third);
    await disconnect(fixture, third);
    expect((await reconnect(fixture, clock)).connectMessage.held).toEqual([]);
  });
});
