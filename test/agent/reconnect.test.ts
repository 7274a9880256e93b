import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { byteLength } from '../../src/protocol/text.ts';
import { type AgentFixture, createAgentFixture } from '../support/agent/agent-fixture.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { firstNumber, isRunning, until } from '../support/processes.ts';
import type { AgentSocket } from '../support/agent/scripted-hub.ts';

let fixture: AgentFixture;
let clock: ManualClock;

beforeEach(() => {
  fixture = createAgentFixture();
  clock = createManualClock({ realBelow: 100 });
});
afterEach(() => fixture[Symbol.asyncDispose]());

/** Cuts the connection; resolves when the agent knows. */
async function lose(hub: AgentSocket): Promise<void> {
  const lost = fixture.logged(/no connection/);
  hub.cut();
  await lost;
}

/** The agent's next connection after its first wait. */
function back(): Promise<AgentSocket> {
  clock.advance(500);
  return fixture.hub.agent();
}

/** Resolves once the agent has handled everything sent before. */
async function handled(hub: AgentSocket): Promise<void> {
  const commandId = Bun.randomUUIDv7();
  hub.send({ type: 'command:interrupt', commandId, reason: 'user' });
  await hub.find('command:finished', (message) => message.commandId === commandId);
}

const bytesOf = (hub: AgentSocket, commandId: string) =>
  hub.outputs(commandId).reduce((sum, output) => sum + byteLength(output.data), 0);

/** Resolves when much has come of a command, and then nothing more through twenty round trips. */
async function quiet(hub: AgentSocket, commandId: string): Promise<void> {
  await until(() => bytesOf(hub, commandId) > 700_000);
  for (let same = 0, last = -1; same < 20; same += 1) {
    await handled(hub);
    const now = hub.outputs(commandId).length;
    if (now !== last) same = 0;
    last = now;
  }
}

/** Tells the program in the agent's folder to go on. */
const go = (name: string) => Bun.write(join(fixture.folder, name), '');
const awaiting = (name: string) => `until test -e ${name}; do sleep 0.01; done`;

describe('held', () => {
  test('an idle agent holds nothing; its instance stays, its journal too', async () => {
    const hub = await fixture.connect({ clock });
    expect(hub.hello).toMatchObject({ agentId: 'tester', agentType: 'claude', held: [] });
    await lose(hub);
    const { hello } = await back();
    expect(hello.instanceId).toBe(hub.hello.instanceId);
    expect(hello.journalId).toBe(hub.hello.journalId);
  });

  test('a command goes on while the hub is away, and its output and result come after the welcome, in order', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute(
      `!echo one; ${awaiting('gone')}; echo two; sleep 0.05; echo three >&2; exit 5`,
    );
    await hub.output(id, 'one');
    await lose(hub);
    await go('gone');
    const second = await back();
    const summary = { commandId: id, attempt: 1, firstSequence: 0, lostBytes: 0 };
    expect(second.hello.held).toMatchObject([summary]);
    second.welcome({ resume: [{ commandId: id, nextSequence: 1 }] });
    const { outputs, finished } = await second.seen(id);
    expect(outputs.map(({ sequence, data }) => [sequence, data])).toEqual([
      [1, 'two\n'],
      [2, 'three\n'],
    ]);
    expect(finished).toMatchObject({ outcome: 'failed', exitCode: 5, lastSequence: 2 });
    const kinds = second.received.map((message) => message.type);
    expect(kinds.indexOf('command:finished')).toBeGreaterThan(kinds.lastIndexOf('terminal:output'));
  });

  test('nothing is said before the welcome', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute('!echo one');
    await hub.seen(id);
    await lose(hub);
    const second = await back();
    second.execute('!touch ran');
    second.send({ type: 'command:interrupt', commandId: 'x', reason: 'user' });
    second.welcome({ resume: [{ commandId: id, nextSequence: 0 }] });
    await second.seen(id);
    expect(second.received.map((message) => message.type)).toEqual([
      'terminal:output',
      'command:finished',
    ]);
    expect((await second.seen(second.execute('!true'))).finished.outcome).toBe('completed');
    expect(existsSync(join(fixture.folder, 'ran'))).toBe(false);
  });

  test('a result is reported again until it is acknowledged, then forgotten', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute('!exit 2');
    await hub.seen(id);
    await lose(hub);
    const second = await back();
    expect(second.hello.held).toEqual([
      {
        commandId: id,
        attempt: 1,
        firstSequence: 0,
        nextSequence: 0,
        lostBytes: 0,
        finished: true,
      },
    ]);
    second.welcome({ resume: [{ commandId: id, nextSequence: 0 }] });
    expect((await second.seen(id)).finished.exitCode).toBe(2);
    second.send({ type: 'command:acknowledged', commandId: id });
    await handled(second);
    await lose(second);
    expect((await back()).hello.held).toEqual([]);
  });

  test('an acknowledgement of a command that runs changes nothing', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute(`!echo one; ${awaiting('more')}; echo two`);
    await hub.output(id, 'one');
    hub.send({ type: 'command:acknowledged', commandId: id });
    await handled(hub);
    await go('more');
    expect((await hub.seen(id)).stdout).toBe('one\ntwo\n');
  });

  test('acknowledged output is not held', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute('!echo one; sleep 0.05; echo two >&2; sleep 0.05; echo three');
    await hub.seen(id);
    hub.send({ type: 'output:ack', commandId: id, nextSequence: 2 });
    await handled(hub);
    await lose(hub);
    expect((await back()).hello.held).toMatchObject([
      { firstSequence: 2, nextSequence: 3, finished: true },
    ]);
  });
});

describe('stop', () => {
  test('a running command that the hub has ended is stopped; its output still comes, and its end', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute(`!trap 'echo bye; exit' INT; echo one; while :; do sleep 0.02; done`);
    await hub.output(id, 'one');
    await lose(hub);
    const second = await back();
    second.welcome({ stop: [id] });
    const { stdout, finished } = await second.seen(id);
    expect(stdout).toBe('one\nbye\n');
    expect(finished.outcome).toBe('interrupted');
    second.send({ type: 'command:acknowledged', commandId: id });
    const next = second.execute('!true');
    expect((await second.seen(next)).finished.outcome).toBe('completed');
  });

  test('one that has ended is told once more, and forgotten once acknowledged', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute('!echo one');
    await hub.seen(id);
    await lose(hub);
    const second = await back();
    second.welcome({ stop: [id] });
    expect((await second.seen(id)).finished.outcome).toBe('completed');
    await lose(second);
    const third = await back();
    expect(third.hello.held).toHaveLength(1);
    third.welcome({ stop: [id] });
    third.send({ type: 'command:acknowledged', commandId: id });
    await handled(third);
    await lose(third);
    expect((await back()).hello.held).toEqual([]);
  });
});

describe('too much output', () => {
  const flood = `head -c 5000000 /dev/zero | tr '\\0' x`;

  test.each([
    ['stdout', flood],
    ['stderr', `(${flood}) >&2`],
  ])(
    '%s waits for a hub that is behind: 1 MB are on the way, and nothing is lost',
    async (_, program) => {
      const hub = await fixture.connect({ clock });
      const id = hub.execute(`!${program}`);
      await quiet(hub, id);
      expect(bytesOf(hub, id)).toBeLessThanOrEqual(1_048_576);
      const acknowledge = () => {
        hub.send({ type: 'output:ack', commandId: id, nextSequence: hub.outputs(id).length });
      };
      acknowledge();
      while (bytesOf(hub, id) < 5_000_000) {
        await hub.find(
          'terminal:output',
          (message) => message.sequence >= hub.outputs(id).length - 1,
        );
        acknowledge();
        await handled(hub);
      }
      const { gaps, finished } = await hub.seen(id);
      expect(gaps).toEqual([]);
      expect(bytesOf(hub, id)).toBe(5_000_000);
      expect(finished.outcome).toBe('completed');
    },
  );

  test('while the hub is away the program goes on, the oldest is dropped, and the gap is counted to the byte', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute(`!printf 12345; ${awaiting('gone')}; ${flood}; touch written`);
    await hub.output(id, '12345');
    await lose(hub);
    await go('gone');
    await until(() => existsSync(join(fixture.folder, 'written')));
    const second = await back();
    const [held] = second.hello.held ?? [];
    expect(held?.lostBytes).toBeGreaterThan(3_900_000);
    second.welcome({ resume: [{ commandId: id, nextSequence: 1 }] });
    const { gaps, outputs } = await second.seen(id);
    const [gap] = gaps;
    expect(gaps).toHaveLength(1);
    expect(outputs[0]?.sequence).toBe(gap!.nextSequence);
    expect(gap!.bytes + bytesOf(second, id)).toBe(5_000_000);
    expect(bytesOf(second, id)).toBeLessThanOrEqual(1_048_576);
  });

  test('a hub that cannot write is not waited for: all is sent, the oldest sent is dropped, no gap is told', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute(`!${flood}`);
    await quiet(hub, id);
    hub.send({ type: 'hub:storage', failing: true });
    const { gaps, finished } = await hub.seen(id);
    expect(bytesOf(hub, id)).toBe(5_000_000);
    expect(gaps).toEqual([]);
    await lose(hub);
    const second = await back();
    const [held] = second.hello.held ?? [];
    expect(held?.lostBytes).toBeGreaterThan(3_900_000);
    // It had seen everything up to the middle of what is dropped.
    second.welcome({ resume: [{ commandId: id, nextSequence: 100 }] });
    const seen = await second.seen(id);
    const before = hub.outputs(id).slice(0, 100);
    const had = before.reduce((sum, output) => sum + byteLength(output.data), 0);
    expect(had + seen.gaps[0]!.bytes + bytesOf(second, id)).toBe(5_000_000);
    expect(seen.finished.lastSequence).toBe(finished.lastSequence);
  });

  test('a hub that can write again is waited for again', async () => {
    const hub = await fixture.connect({ clock });
    hub.send({ type: 'hub:storage', failing: true });
    hub.send({ type: 'hub:storage', failing: false });
    const id = hub.execute(`!${flood}`);
    await quiet(hub, id);
    expect(bytesOf(hub, id)).toBeLessThanOrEqual(1_048_576);
  });

  test('what cannot be held back is dropped, and the result waits for all the rest', async () => {
    const hub = await fixture.connect({ clock, pty: true });
    const id = hub.execute(`!stty raw -echo; ${flood}; touch written`);
    await until(() => existsSync(join(fixture.folder, 'written')));
    await quiet(hub, id);
    expect(bytesOf(hub, id)).toBeLessThanOrEqual(1_048_576 + 10_240);
    const isOver = () =>
      hub.received.some((m) => m.type === 'command:finished' && m.commandId === id);
    expect(isOver()).toBe(false);
    await until(() => {
      hub.send({ type: 'output:ack', commandId: id, nextSequence: hub.outputs(id).length });
      return isOver() || hub.received.some((m) => m.type === 'terminal:gap');
    });
    await until(() => {
      const next = hub.outputs(id).at(-1)!.sequence + 1;
      hub.send({ type: 'output:ack', commandId: id, nextSequence: next });
      return isOver();
    });
    const { gaps, finished, outputs } = await hub.seen(id);
    expect(gaps).toHaveLength(1);
    expect(gaps[0]!.bytes + bytesOf(hub, id)).toBe(5_000_000);
    expect(finished.lastSequence).toBe(outputs.at(-1)!.sequence);
  });

  test('a program that waited for the hub goes on when the hub goes away', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute(`!${flood}; touch written`);
    await quiet(hub, id);
    expect(existsSync(join(fixture.folder, 'written'))).toBe(false);
    await lose(hub);
    await until(() => existsSync(join(fixture.folder, 'written')));
    const had = hub.outputs(id).length;
    const second = await back();
    second.welcome({ resume: [{ commandId: id, nextSequence: had }] });
    const { gaps } = await second.seen(id);
    const total = bytesOf(hub, id) + (gaps[0]?.bytes ?? 0) + bytesOf(second, id);
    expect(total).toBe(5_000_000);
  });
});

describe('the connection', () => {
  test('heartbeats come as often as the welcome says, with the process', async () => {
    fixture.start({ clock });
    const hub = await fixture.hub.agent();
    hub.welcome({ heartbeatIntervalMs: 7_000 });
    await handled(hub);
    clock.advance(6_999);
    clock.advance(1);
    expect(await hub.find('agent:heartbeat')).toMatchObject({ timestamp: clock.now() });
    const id = hub.execute('!echo $$; sleep 77');
    await hub.output(id, '\n');
    clock.advance(7_000);
    const { process } = await hub.find('agent:heartbeat', (message) => Boolean(message.process));
    const pid = firstNumber(hub.outputs(id)[0]!.data);
    expect(process).toMatchObject({ commandId: id, pid, alive: true });
    expect(process?.lastOutputAt).toBeNumber();
    expect(hub.received.filter((message) => message.type === 'agent:heartbeat')).toHaveLength(2);
  });

  test('a hub that is silent for 30 s is given up; a ping is enough to be heard', async () => {
    const hub = await fixture.connect({ clock });
    await handled(hub);
    clock.advance(29_000);
    hub.ping();
    await handled(hub);
    clock.advance(29_999);
    const lost = fixture.logged(/no data from the hub/);
    clock.advance(1);
    await lost;
    expect((await back()).hello.instanceId).toBe(hub.hello.instanceId);
  });

  test('a ping alone counts', async () => {
    const hub = await fixture.connect({ clock });
    await handled(hub);
    clock.advance(29_000);
    hub.ping();
    // The agent's own socket answers the ping after the agent has seen it.
    await hub.ponged();
    clock.advance(29_000);
    await handled(hub);
    expect(fixture.lines.filter((line) => line.includes('no data from the hub'))).toEqual([]);
  });

  test('a hub that never welcomes is given up too', async () => {
    fixture.start({ clock });
    await fixture.hub.agent();
    const lost = fixture.logged(/no data from the hub/);
    clock.advance(30_000);
    await lost;
    await back();
  });

  test('the wait doubles up to 30 s, and begins anew after a welcome', async () => {
    const waits: number[] = [];
    const first = createAgentFixture();
    const { url } = first.hub;
    await first[Symbol.asyncDispose]();
    fixture.start({ clock, hub: url, random: () => 0.999_999 });
    for (let i = 0; i < 8; i += 1) {
      const line = await fixture.logged(/retrying/);
      const wait = Number(/in (\d+) ms/.exec(line)?.[1]);
      waits.push(wait);
      clock.advance(wait);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    fixture.start({ clock, stateDir: join(fixture.folder, 'other'), random: () => 0.999_999 });
    for (let i = 0; i < 3; i += 1) {
      const hub = await fixture.hub.agent();
      hub.welcome();
      await handled(hub);
      const line = fixture.logged(/retrying in 1000 ms/);
      hub.cut();
      await line;
      clock.advance(1_000);
    }
  });

  test.each([1001, 1013, 1009, 1011])('close %d is tried again', async (code) => {
    const hub = await fixture.connect({ clock });
    await handled(hub);
    const lost = fixture.logged(/no connection/);
    hub.close(code, 'limit');
    await lost;
    await back();
  });

  test.each([
    [1008, 'agent_in_use'],
    [4001, 'replaced'],
  ])('close %d ends the agent with 1, after its command', async (code, reason) => {
    const agent = fixture.start({ clock });
    const hub = await fixture.hub.agent();
    hub.welcome();
    const id = hub.execute('!echo $$; sleep 77');
    await hub.output(id, '\n');
    hub.close(code, reason);
    expect(await agent.ended).toEqual({
      exitCode: 1,
      reason: expect.stringContaining('"tester"'),
    });
    expect(isRunning(firstNumber(hub.outputs(id)[0]!.data))).toBe(false);
  });

  test('an address that is none ends it with 1', async () => {
    const agent = fixture.start({ hub: 'ftp://x' });
    expect((await agent.ended).exitCode).toBe(1);
  });
});

describe('what the hub says', () => {
  test('unknown types, bad shapes and errors are ignored, and never answered', async () => {
    const hub = await fixture.connect({ clock });
    for (const frame of ['{"type":"agent:dance","version":"1.0.0"}', 'nonsense', '[]', 'null']) {
      hub.raw(frame);
    }
    hub.raw('{"type":"command:execute","version":"1.0.0"}');
    hub.raw('{"type":"command:execute","version":"2.0.0"}');
    hub.send({ type: 'error', code: 'invalid_message', message: 'What?' });
    hub.send({ type: 'output:ack', commandId: 'unknown', nextSequence: 3 });
    hub.send({ type: 'command:acknowledged', commandId: 'unknown' });
    hub.send({ type: 'command:input', commandId: 'unknown', data: 'x' });
    hub.send({ type: 'terminal:resize', commandId: 'unknown', cols: 1, rows: 1 });
    await handled(hub);
    expect(hub.received.map((message) => message.type)).toEqual(['command:finished']);
  });

  test('fields of a later version are ignored', async () => {
    const hub = await fixture.connect({ clock });
    hub.raw(
      JSON.stringify({
        type: 'command:execute',
        version: '1.7.0',
        commandId: 'later',
        attempt: 1,
        command: '!true',
        session: 'continue',
        timeoutMs: 1000,
        colour: 'red',
      }),
    );
    expect((await hub.seen('later')).finished.outcome).toBe('completed');
  });

  test('a second command while one runs is a fault: logged, never run, and the first goes on', async () => {
    const hub = await fixture.connect({ clock });
    const first = hub.execute(`!echo one; ${awaiting('more')}; echo two`);
    await hub.output(first, 'one');
    const second = hub.execute('!touch ran');
    await handled(hub);
    await go('more');
    expect((await hub.seen(first)).stdout).toBe('one\ntwo\n');
    expect(existsSync(join(fixture.folder, 'ran'))).toBe(false);
    expect(fixture.lines.join('\n')).toContain(`ignored attempt 1 of command ${second}`);
    expect(hub.received.some((m) => 'commandId' in m && m.commandId === second)).toBe(false);
  });

  test('an attempt is run at most once: running, ended, and forgotten', async () => {
    const hub = await fixture.connect({ clock });
    const commandId = hub.execute('!echo ran >>log');
    hub.execute('!echo ran >>log', { commandId });
    await hub.seen(commandId);
    hub.execute('!echo ran >>log', { commandId });
    await handled(hub);
    hub.send({ type: 'command:acknowledged', commandId });
    hub.execute('!echo ran >>log', { commandId });
    await handled(hub);
    expect(await Bun.file(join(fixture.folder, 'log')).text()).toBe('ran\n');
    hub.execute('!echo ran >>log', { commandId, attempt: 2 });
    await handled(hub);
    expect(fixture.lines.filter((line) => line.includes('ignored attempt'))).toHaveLength(3);
    expect(hub.received.filter((message) => message.type === 'command:started')).toHaveLength(2);
  });

  test('a prompt is refused where nothing takes prompts', async () => {
    const hub = await fixture.connect({ clock });
    const { finished } = await hub.seen(hub.execute('write a poem'));
    expect(finished).toMatchObject({
      outcome: 'failed',
      exitCode: null,
      error: { code: 'invalid_command' },
    });
    expect(hub.received.some((message) => message.type === 'command:started')).toBe(false);
  });

  test('a command that cannot start fails as program_failed', async () => {
    const hub = await fixture.connect({ clock, cwd: join(fixture.folder, 'nowhere') });
    const { finished } = await hub.seen(hub.execute('!true'));
    expect(finished).toMatchObject({
      outcome: 'failed',
      exitCode: null,
      error: { code: 'program_failed' },
    });
    expect((await hub.seen(hub.execute('!true'))).finished.outcome).toBe('failed');
  });
});
