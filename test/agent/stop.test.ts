import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentFixture, createAgentFixture } from '../support/agent/agent-fixture.ts';
import type { AgentSocket } from '../support/agent/scripted-hub.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { isRunning, parseFirstNumber, pollUntil } from '../support/processes.ts';

/** Leaves its parent's session, and says how often it is asked to go. */
const STRAY = `
import os, signal, time
if os.fork():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.wait()
    os._exit(0)
os.setsid()
asked = []
signal.signal(signal.SIGINT, lambda *_: (asked.append(1), print("stray", flush=True)))
print("ready", flush=True)
while not asked: time.sleep(0.01)
time.sleep(0.1)
`;

let fixture: AgentFixture;
let clock: ManualClock;

beforeEach(() => {
  fixture = createAgentFixture();
  clock = createManualClock({ realTimeBelowMs: 100 });
});
afterEach(() => fixture[Symbol.asyncDispose]());

const interrupt = (hub: AgentSocket, commandId: string) =>
  hub.send({ type: 'command:interrupt', commandId, reason: 'user' });

/** Resolves once the agent has handled everything sent before. */
async function handled(hub: AgentSocket): Promise<void> {
  const commandId = Bun.randomUUIDv7();
  interrupt(hub, commandId);
  await hub.waitFor('command:finished', (message) => message.commandId === commandId);
}

describe('interrupt', () => {
  test('a program that obeys SIGINT is interrupted, and has no exit code', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute('!echo ready; sleep 77');
    await hub.waitForOutput(id, 'ready');
    interrupt(hub, id);
    const { finished } = await hub.waitForFinished(id);
    expect(finished).toMatchObject({ outcome: 'interrupted', exitCode: null, signal: 'SIGINT' });
    expect(finished.error).toBeUndefined();
  });

  test('a program that ends itself on SIGINT is interrupted too', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute(
      `!trap 'echo bye; exit 0' INT; echo ready; while :; do sleep 0.02; done`,
    );
    await hub.waitForOutput(id, 'ready');
    interrupt(hub, id);
    const { finished, stdout } = await hub.waitForFinished(id);
    expect(finished).toMatchObject({ outcome: 'interrupted', exitCode: null, signal: 'SIGINT' });
    expect(stdout).toBe('ready\nbye\n');
  });

  test('one that traps SIGINT and SIGTERM gets 5 s for each, then SIGKILL; asking again changes nothing', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute(
      `!trap 'echo int' INT; trap 'echo term' TERM; echo $$; while :; do sleep 0.02; done`,
    );
    await hub.waitForOutput(id, '\n');
    const pid = parseFirstNumber(hub.outputsOf(id)[0]!.data);
    interrupt(hub, id);
    await hub.waitForOutput(id, 'int');
    clock.advance(4_999);
    interrupt(hub, id);
    await handled(hub);
    clock.advance(1);
    await hub.waitForOutput(id, 'term');
    clock.advance(4_999);
    expect(isRunning(pid)).toBe(true);
    clock.advance(1);
    const { finished, stdout } = await hub.waitForFinished(id);
    expect(finished).toMatchObject({ outcome: 'interrupted', exitCode: null, signal: 'SIGKILL' });
    expect(stdout).toBe(`${pid}\nint\nterm\n`);
    expect(isRunning(pid)).toBe(false);
  });

  test('grandchildren go with it', async () => {
    const hub = await fixture.connect();
    const id = hub.execute(`!bash -c 'sleep 77 & echo $!; wait'; true`);
    await hub.waitForOutput(id, '\n');
    interrupt(hub, id);
    const { finished, stdout } = await hub.waitForFinished(id);
    expect(finished.outcome).toBe('interrupted');
    expect(isRunning(parseFirstNumber(stdout))).toBe(false);
  });

  test('so does what has left the session, holds no output and traps what it can', async () => {
    const hub = await fixture.connect();
    const id = hub.execute(
      `!setsid bash -c 'trap "" INT TERM HUP; echo $$; exec >/dev/null 2>&1; while :; do sleep 0.1; done' & sleep 77`,
    );
    await hub.waitForOutput(id, '\n');
    interrupt(hub, id);
    const { finished, stdout } = await hub.waitForFinished(id);
    expect(finished.outcome).toBe('interrupted');
    expect(isRunning(parseFirstNumber(stdout))).toBe(false);
  });

  test('what has left the session is signalled with the rest, once', async () => {
    const hub = await fixture.connect();
    await Bun.write(join(fixture.folder, 'stray.py'), STRAY);
    const id = hub.execute('!python3 stray.py');
    await hub.waitForOutput(id, 'ready');
    interrupt(hub, id);
    await hub.waitForOutput(id, 'stray');
    const { stdout } = await hub.waitForFinished(id);
    expect(stdout).toBe('ready\nstray\n');
  });

  test('of a command that never came is answered at once, and it is not run when it comes', async () => {
    const hub = await fixture.connect({ clock });
    const commandId = Bun.randomUUIDv7();
    interrupt(hub, commandId);
    const { finished } = await hub.waitForFinished(commandId);
    expect(finished).toMatchObject({ outcome: 'interrupted', exitCode: null, lastSequence: -1 });
    hub.execute('!touch ran', { commandId });
    await handled(hub);
    const answers = hub.received.filter(
      (message) => message.type === 'command:finished' && message.commandId === commandId,
    );
    expect(answers.length).toBe(2);
    expect(existsSync(join(fixture.folder, 'ran'))).toBe(false);
  });

  test('after the program has ended by itself does not make it interrupted', async () => {
    const hub = await fixture.connect();
    const id = hub.execute('!sleep 77 & echo $$');
    await hub.waitForOutput(id, '\n');
    const pid = parseFirstNumber(hub.outputsOf(id)[0]!.data);
    await pollUntil(() => !isRunning(pid));
    interrupt(hub, id);
    expect((await hub.waitForFinished(id)).finished).toMatchObject({
      outcome: 'completed',
      exitCode: 0,
    });
  });

  test('after the end, before the acknowledgement, leaves the result as it is', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute('!exit 4');
    await hub.waitForFinished(id);
    interrupt(hub, id);
    await handled(hub);
    const outcomes = hub.received.filter((message) => message.type === 'command:finished');
    expect(outcomes.filter((message) => message.commandId === id)).toHaveLength(1);
  });
});

describe('time-out', () => {
  test('the agent keeps it, with the same escalation', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute(`!trap 'echo int' INT; echo ready; while :; do sleep 0.02; done`, {
      timeoutMs: 20_000,
    });
    await hub.waitForOutput(id, 'ready');
    clock.advance(19_999);
    await handled(hub);
    expect(hub.outputsOf(id)).toHaveLength(1);
    clock.advance(1);
    await hub.waitForOutput(id, 'int');
    clock.advance(5_000);
    expect((await hub.waitForFinished(id)).finished).toMatchObject({
      outcome: 'failed',
      exitCode: 143,
      signal: 'SIGTERM',
      error: { code: 'timeout', message: 'Timed out after 20 s. Raise the limit with --timeout.' },
    });
  });

  test('told by the hub is the same', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute('!echo ready; sleep 77');
    await hub.waitForOutput(id, 'ready');
    hub.send({ type: 'command:interrupt', commandId: id, reason: 'timeout' });
    expect((await hub.waitForFinished(id)).finished).toMatchObject({
      outcome: 'failed',
      error: { code: 'timeout' },
    });
  });

  test('goes on while the hub is away', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute('!echo $$; sleep 77', { timeoutMs: 10_000 });
    await hub.waitForOutput(id, '\n');
    const pid = parseFirstNumber(hub.outputsOf(id)[0]!.data);
    const lost = fixture.waitForLog(/no connection/);
    hub.terminate();
    await lost;
    await fixture.hub.stop();
    clock.advance(10_000);
    await pollUntil(() => !isRunning(pid));
  });

  test('leaves a command alone that has ended', async () => {
    const hub = await fixture.connect({ clock });
    const first = hub.execute('!true', { timeoutMs: 1_000 });
    await hub.waitForFinished(first);
    const second = hub.execute('!echo ready; sleep 0.05', { timeoutMs: 50_000 });
    await hub.waitForOutput(second, 'ready');
    clock.advance(2_000);
    expect((await hub.waitForFinished(second)).finished.outcome).toBe('completed');
  });
});

describe('the end of the agent', () => {
  test('stops the command, tells the hub, and closes', async () => {
    const agent = fixture.start();
    const hub = await fixture.hub.waitForAgent();
    hub.sendWelcome();
    const id = hub.execute('!echo ready; sleep 77');
    await hub.waitForOutput(id, 'ready');
    const stopped = agent.stop();
    const { finished } = await hub.waitForFinished(id);
    expect(finished.outcome).toBe('interrupted');
    hub.execute('!touch ran');
    hub.send({ type: 'command:acknowledged', commandId: id });
    await stopped;
    expect(await agent.ended).toMatchObject({ exitCode: 0 });
    expect(await hub.closed).toBe(1000);
    expect((await fixture.connect()).connectMessage.held).toEqual([]);
    expect(existsSync(join(fixture.folder, 'ran'))).toBe(false);
  });

  test('does not wait for ever for a hub that does not acknowledge', async () => {
    const agent = fixture.start({ clock });
    const hub = await fixture.hub.waitForAgent();
    hub.sendWelcome();
    await hub.waitForFinished(hub.execute('!true'));
    const stopped = agent.stop();
    await pollUntil(() => {
      clock.advance(100);
      return Bun.peek.status(stopped) === 'fulfilled';
    });
    const next = await fixture.connect({ clock });
    expect(next.connectMessage.held).toHaveLength(1);
  });
});
