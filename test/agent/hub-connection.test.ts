import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { agentSocketUrl, createHubConnection } from '../../src/agent/hub-connection.ts';
import { type AgentFixture, createAgentFixture } from '../support/agent/agent-fixture.ts';
import {
  createFile,
  disconnect,
  reconnect,
  roundTrip,
  waitForFile,
} from '../support/agent/steps.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { isRunning, parseFirstNumber } from '../support/processes.ts';

let fixture: AgentFixture;
let clock: ManualClock;

beforeEach(() => {
  fixture = createAgentFixture();
  clock = createManualClock({ realTimeBelowMs: 100 });
});
afterEach(() => fixture[Symbol.asyncDispose]());

describe('URL', () => {
  test.each([
    ['https://hub.example', 'wss://hub.example/ws/agent'],
    ['http://127.0.0.1:8080/', 'ws://127.0.0.1:8080/ws/agent'],
    ['wss://hub.example/under/', 'wss://hub.example/under/ws/agent'],
  ])('the socket of %s is %s', (hub, url) => {
    expect(agentSocketUrl(hub)).toBe(url);
  });

  test('other URLs are rejected', () => {
    expect(() => agentSocketUrl('ftp://hub.example')).toThrow(TypeError);
    expect(() => agentSocketUrl('hub')).toThrow(TypeError);
  });
});

describe('heartbeats', () => {
  test('are sent at the interval in the welcome, with the process status', async () => {
    fixture.start({ clock });
    const hub = await fixture.hub.waitForAgent();
    hub.sendWelcome({ heartbeatIntervalMs: 7_000 });
    await roundTrip(hub);
    clock.advance(6_999);
    clock.advance(1);
    expect(await hub.waitFor('agent:heartbeat')).toMatchObject({ timestamp: clock.now() });
    const id = hub.execute('!echo $$; sleep 77');
    await hub.waitForOutput(id, '\n');
    clock.advance(7_000);
    const { process } = await hub.waitFor('agent:heartbeat', (message) => Boolean(message.process));
    const pid = parseFirstNumber(hub.outputsOf(id)[0]!.data);
    expect(process).toMatchObject({ commandId: id, pid, alive: true });
    expect(process?.lastOutputAt).toBeNumber();
    expect(hub.received.filter((message) => message.type === 'agent:heartbeat')).toHaveLength(2);
  });
});

describe('idle timeout', () => {
  test('the agent reconnects after 30 s without data; a ping counts as data', async () => {
    const hub = await fixture.connect({ clock });
    await roundTrip(hub);
    clock.advance(29_000);
    hub.ping();
    await roundTrip(hub);
    clock.advance(29_999);
    const disconnected = fixture.waitForLog(/no data from the hub for 30 s/);
    clock.advance(1);
    await disconnected;
    expect((await reconnect(fixture, clock)).connectMessage.instanceId).toBe(
      hub.connectMessage.instanceId,
    );
  });

  test('a ping without a message keeps the connection', async () => {
    const hub = await fixture.connect({ clock });
    await roundTrip(hub);
    clock.advance(29_000);
    hub.ping();
    // The agent has received the ping when its pong arrives.
    await hub.waitForPong();
    clock.advance(29_000);
    await roundTrip(hub);
    expect(fixture.logLines.filter((line) => line.includes('no data'))).toEqual([]);
  });

  test('also applies before the welcome', async () => {
    fixture.start({ clock });
    await fixture.hub.waitForAgent();
    const disconnected = fixture.waitForLog(/no data from the hub/);
    clock.advance(30_000);
    await disconnected;
    await reconnect(fixture, clock);
  });
});

describe('reconnect', () => {
  test('the delay doubles up to 30 s and is reset by a welcome', async () => {
    const delays: number[] = [];
    const first = createAgentFixture();
    const { url } = first.hub;
    await first[Symbol.asyncDispose]();
    fixture.start({ clock, hub: url, random: () => 0.999_999 });
    for (let i = 0; i < 8; i += 1) {
      const line = await fixture.waitForLog(/retrying/);
      const delay = Number(/in (\d+) ms/.exec(line)?.[1]);
      delays.push(delay);
      clock.advance(delay);
    }
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    fixture.start({ clock, stateDir: join(fixture.folder, 'other'), random: () => 0.999_999 });
    for (let i = 0; i < 3; i += 1) {
      const hub = await fixture.hub.waitForAgent();
      hub.sendWelcome();
      await roundTrip(hub);
      const line = fixture.waitForLog(/retrying in 1000 ms/);
      hub.terminate();
      await line;
      clock.advance(1_000);
    }
  });

  test.each([1001, 1013, 1009, 1011])('happens after close code %d', async (code) => {
    const hub = await fixture.connect({ clock });
    await roundTrip(hub);
    const disconnected = fixture.waitForLog(/no connection/);
    hub.close(code, 'limit');
    await disconnected;
    await reconnect(fixture, clock);
  });

  test('happens after a handshake that was too slow; the running command continues', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute(`!echo one; ${waitForFile('more')}; echo two`);
    await hub.waitForOutput(id, 'one');
    await disconnect(fixture, hub);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const slow = await reconnect(fixture, clock);
      const closed = fixture.waitForLog(/closed with 1013 first_message_timeout.*retrying/);
      slow.close(1013, 'first_message_timeout');
      await closed;
    }
    const next = await reconnect(fixture, clock);
    expect(next.connectMessage.held).toMatchObject([{ commandId: id, finished: false }]);
    next.sendWelcome({ resume: [{ commandId: id, nextSequence: 0 }] });
    await createFile(fixture, 'more');
    const { stdout, finished } = await next.waitForFinished(id);
    expect(stdout).toBe('one\ntwo\n');
    expect(finished).toMatchObject({ outcome: 'completed', exitCode: 0 });
  });

  test('keeps the instance ID and the journal ID', async () => {
    const hub = await fixture.connect({ clock });
    expect(hub.connectMessage).toMatchObject({ agentId: 'tester', agentType: 'claude', held: [] });
    await disconnect(fixture, hub);
    const { connectMessage } = await reconnect(fixture, clock);
    expect(connectMessage.instanceId).toBe(hub.connectMessage.instanceId);
    expect(connectMessage.journalId).toBe(hub.connectMessage.journalId);
  });
});

describe('a new token', () => {
  test.each(['revoked', 'unauthenticated'])(
    'is used after the hub has closed with %s; the running command continues',
    async (reason) => {
      let stored = 'secret';
      const hub = await fixture.connect({ clock, readToken: () => stored });
      expect(hub.connectMessage.token).toBe('secret');
      const id = hub.execute(`!echo one; ${waitForFile('more')}; echo two`);
      await hub.waitForOutput(id, 'one');
      stored = 'another secret';
      const retrying = fixture.waitForLog(/using the new token.*retrying/);
      hub.close(1008, reason);
      await retrying;
      const next = await reconnect(fixture, clock);
      expect(next.connectMessage.token).toBe('another secret');
      next.sendWelcome({ resume: [{ commandId: id, nextSequence: 0 }] });
      await createFile(fixture, 'more');
      expect((await next.waitForFinished(id)).stdout).toBe('one\ntwo\n');
    },
  );

  test.each([
    ['is the same', 'secret'],
    ['cannot be read', null],
  ])('that %s ends the agent', async (_name, stored) => {
    const agent = fixture.start({ clock, readToken: () => stored });
    const hub = await fixture.hub.waitForAgent();
    hub.sendWelcome();
    await roundTrip(hub);
    hub.close(1008, 'revoked');
    expect((await agent.ended).exitCode).toBe(1);
  });
});

describe('rejection', () => {
  test.each([
    [
      1008,
      'agent_in_use',
      'Another process is connected as "tester". Stop it, or use another agent ID.',
    ],
    [4001, 'replaced', 'Another process took over agent "tester".'],
  ])('close code %d stops the command and exits with code 1', async (code, reason, message) => {
    const agent = fixture.start({ clock });
    const hub = await fixture.hub.waitForAgent();
    hub.sendWelcome();
    const id = hub.execute('!echo $$; sleep 77');
    await hub.waitForOutput(id, '\n');
    hub.close(code, reason);
    expect(await agent.ended).toEqual({ exitCode: 1, reason: message });
    expect(isRunning(parseFirstNumber(hub.outputsOf(id)[0]!.data))).toBe(false);
  });

  test('uses the explanation of the hub if there is one', async () => {
    const agent = fixture.start({ clock });
    const hub = await fixture.hub.waitForAgent();
    hub.send({ type: 'error', code: 'not_authenticated', message: 'Wrong type.' });
    hub.close(1008, 'unauthenticated');
    expect(await agent.ended).toEqual({ exitCode: 1, reason: 'Wrong type.' });
  });
});

describe('messages', () => {
  test('unknown types, invalid messages and errors are ignored without a reply', async () => {
    const hub = await fixture.connect({ clock });
    for (const frame of ['{"type":"agent:dance","version":"1.0.0"}', 'nonsense', '[]', 'null']) {
      hub.sendFrame(frame);
    }
    hub.sendFrame('{"type":"command:execute","version":"1.0.0"}');
    hub.sendFrame('{"type":"command:execute","version":"2.0.0"}');
    hub.send({ type: 'error', code: 'invalid_message', message: 'Invalid.' });
    hub.send({ type: 'output:ack', commandId: 'unknown', nextSequence: 3 });
    hub.send({ type: 'command:acknowledged', commandId: 'unknown' });
    hub.send({ type: 'command:input', commandId: 'unknown', data: 'x' });
    hub.send({ type: 'terminal:resize', commandId: 'unknown', cols: 1, rows: 1 });
    await roundTrip(hub);
    expect(hub.received.map((message) => message.type)).toEqual(['command:finished']);
  });

  test('that exceed the maximum message size are not sent', async () => {
    const lines: string[] = [];
    const { promise: welcomed, resolve: onMessage } = Promise.withResolvers<unknown>();
    const connection = createHubConnection({
      url: agentSocketUrl(fixture.hub.url),
      token: 'unknown',
      clock,
      random: () => 0,
      log: (line) => lines.push(line),
    });
    connection.open({
      connectMessage: () => ({
        type: 'agent:connect',
        agentId: 'tester',
        agentType: 'claude',
        token: 'secret',
        capabilities: [],
        instanceId: 'instance',
      }),
      heartbeat: () => ({ type: 'agent:heartbeat', timestamp: 0 }),
      onMessage,
      onDisconnect: () => undefined,
      onReject: () => undefined,
    });
    const hub = await fixture.hub.waitForAgent();
    hub.sendWelcome();
    await welcomed;
    const sendOutput = (data: string) =>
      connection.send({
        type: 'terminal:output',
        commandId: 'c',
        data,
        stream: 'stdout',
        sequence: 0,
      });
    expect(sendOutput('x'.repeat(1_048_576))).toBe(false);
    expect(lines).toContain('terminal:output not sent: it exceeds the maximum message size');
    expect(sendOutput('x')).toBe(true);
    await connection.close();
    expect(hub.received).toMatchObject([{ type: 'terminal:output', data: 'x' }]);
  });

  test('fields of a later version are ignored', async () => {
    const hub = await fixture.connect({ clock });
    hub.sendFrame(
      JSON.stringify({
        type: 'command:execute',
        version: '1.7.0',
        commandId: 'later',
        attempt: 1,
        command: '!true',
        session: 'continue',
        timeoutMs: 1000,
        color: 'red',
      }),
    );
    expect((await hub.waitForFinished('later')).finished.outcome).toBe('completed');
  });
});
