import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentFixture, createAgentFixture } from '../../support/agent/agent-fixture.ts';
import {
  createFile,
  disconnect,
  interrupt,
  reconnect,
  roundTrip,
  waitForFile,
} from '../../support/agent/steps.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';

let fixture: AgentFixture;
let clock: ManualClock;

beforeEach(() => {
  fixture = createAgentFixture();
  clock = createManualClock({ realTimeBelowMs: 100 });
});
afterEach(() => fixture[Symbol.asyncDispose]());

test('a command continues while the hub is offline; output and result follow the welcome in order', async () => {
  const hub = await fixture.connect({ clock });
  const id = hub.execute(
    `!echo one; ${waitForFile('offline')}; echo two; sleep 0.05; echo three >&2; exit 5`,
  );
  await hub.waitForOutput(id, 'one');
  await disconnect(fixture, hub);
  await createFile(fixture, 'offline');
  const second = await reconnect(fixture, clock);
  const summary = { commandId: id, attempt: 1, firstSequence: 0, lostBytes: 0 };
  expect(second.connectMessage.held).toMatchObject([summary]);
  second.sendWelcome({ resume: [{ commandId: id, nextSequence: 1 }] });
  const { outputs, finished } = await second.waitForFinished(id);
  expect(outputs.map(({ sequence, data }) => [sequence, data])).toEqual([
    [1, 'two\n'],
    [2, 'three\n'],
  ]);
  expect(finished).toMatchObject({ outcome: 'failed', exitCode: 5, lastSequence: 2 });
  const types = second.received.map((message) => message.type);
  expect(types.indexOf('command:finished')).toBeGreaterThan(types.lastIndexOf('terminal:output'));
});

test('nothing is sent or run before the welcome', async () => {
  const hub = await fixture.connect({ clock });
  const id = hub.execute('!echo one');
  await hub.waitForFinished(id);
  await disconnect(fixture, hub);
  const second = await reconnect(fixture, clock);
  second.execute('!touch ran');
  interrupt(second, 'x');
  second.sendWelcome({ resume: [{ commandId: id, nextSequence: 0 }] });
  await second.waitForFinished(id);
  expect(second.received.map((message) => message.type)).toEqual([
    'terminal:output',
    'command:finished',
  ]);
  expect((await second.waitForFinished(second.execute('!true'))).finished.outcome).toBe(
    'completed',
  );
  expect(existsSync(join(fixture.folder, 'ran'))).toBe(false);
});

test('a result is sent again until it is acknowledged, then discarded', async () => {
  const hub = await fixture.connect({ clock });
  const id = hub.execute('!exit 2');
  await hub.waitForFinished(id);
  await disconnect(fixture, hub);
  const second = await reconnect(fixture, clock);
  expect(second.connectMessage.held).toEqual([
    {
      commandId: id,
      attempt: 1,
      firstSequence: 0,
      nextSequence: 0,
      lostBytes: 0,
      finished: true,
    },
  ]);
  second.sendWelcome({ resume: [{ commandId: id, nextSequence: 0 }] });
  expect((await second.waitForFinished(id)).finished.exitCode).toBe(2);
  second.send({ type: 'command:acknowledged', commandId: id });
  await roundTrip(second);
  await disconnect(fixture, second);
  expect((await reconnect(fixture, clock)).connectMessage.held).toEqual([]);
});

test('acknowledging a running command has no effect', async () => {
  const hub = await fixture.connect({ clock });
  const id = hub.execute(`!echo one; ${waitForFile('more')}; echo two`);
  await hub.waitForOutput(id, 'one');
  hub.send({ type: 'command:acknowledged', commandId: id });
  await roundTrip(hub);
  await createFile(fixture, 'more');
  expect((await hub.waitForFinished(id)).stdout).toBe('one\ntwo\n');
});

test('acknowledged output is dropped', async () => {
  const hub = await fixture.connect({ clock });
  const id = hub.execute('!echo one; sleep 0.05; echo two >&2; sleep 0.05; echo three');
  await hub.waitForFinished(id);
  hub.send({ type: 'output:ack', commandId: id, nextSequence: 2 });
  await roundTrip(hub);
  await disconnect(fixture, hub);
  expect((await reconnect(fixture, clock)).connectMessage.held).toMatchObject([
    { firstSequence: 2, nextSequence: 3, finished: true },
  ]);
});
