import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { type AgentFixture, createAgentFixture } from '../support/agent/agent-fixture.ts';
import { createManualRunner } from '../support/agent/manual-runner.ts';
import { disconnect, interrupt, roundTrip } from '../support/agent/steps.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { isRunning, parseFirstNumber, pollUntil } from '../support/processes.ts';

/** Starts a process that leaves the session and prints a line for each SIGINT. */
const DETACHED_CHILD = `
import os, signal, time
if os.fork():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.wait()
    os._exit(0)
os.setsid()
signals = []
signal.signal(signal.SIGINT, lambda *_: (signals.append(1), print("SIGINT", flush=True)))
print("ready", flush=True)
while not signals: time.sleep(0.01)
time.sleep(0.1)
`;

let fixture: AgentFixture;
let clock: ManualClock;

beforeEach(() => {
  fixture = createAgentFixture();
  clock = createManualClock({ realTimeBelowMs: 100 });
});
afterEach(() => fixture[Symbol.asyncDispose]());

describe('interrupt', () => {
  test('a program terminated by SIGINT is interrupted and has no exit code', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute('!echo ready; sleep 77');
    await hub.waitForOutput(id, 'ready');
    interrupt(hub, id);
    const { finished } = await hub.waitForFinished(id);
    expect(finished).toMatchObject({ outcome: 'interrupted', exitCode: null, signal: 'SIGINT' });
    expect(finished.error).toBeUndefined();
  });

  test('a program that exits by itself on SIGINT is interrupted too', async () => {
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

  test('escalates to SIGTERM after 5 s and SIGKILL after 10 s; a second interrupt has no effect', async () => {
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
    await roundTrip(hub);
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

  test('stops grandchildren', async () => {
    const hub = await fixture.connect();
    const id = hub.execute(`!bash -c 'sleep 77 & echo $!; wait'; true`);
    await hub.waitForOutput(id, '\n');
    interrupt(hub, id);
    const { finished, stdout } = await hub.waitForFinished(id);
    expect(finished.outcome).toBe('interrupted');
    expect(isRunning(parseFirstNumber(stdout))).toBe(false);
  });

  test('stops a process that has left the session, closed its output and traps signals', async () => {
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

  test('signals a process that has left the session once', async () => {
    const hub = await fixture.connect();
    await Bun.write(join(fixture.folder, 'detached.py'), DETACHED_CHILD);
    const id = hub.execute('!python3 detached.py');
    await hub.waitForOutput(id, 'ready\n');
    interrupt(hub, id);
    await hub.waitForOutput(id, 'SIGINT');
    const { stdout } = await hub.waitForFinished(id);
    expect(stdout).toBe('ready\nSIGINT\n');
  });

  test('after the program has exited by itself does not change the outcome', async () => {
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
});

describe('timeout', () => {
  test('escalates like an interrupt', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute(`!trap 'echo int' INT; echo ready; while :; do sleep 0.02; done`, {
      timeoutMs: 20_000,
    });
    await hub.waitForOutput(id, 'ready');
    clock.advance(19_999);
    await roundTrip(hub);
    expect(hub.outputsOf(id)).toHaveLength(1);
    clock.advance(1);
    await hub.waitForOutput(id, 'int');
    clock.advance(5_000);
    const { finished } = await hub.waitForFinished(id);
    expect(finished).toMatchObject({
      outcome: 'failed',
      exitCode: null,
      error: {
        code: 'timeout',
        message: 'Timed out after 20 s. Raise the limit with --timeout.',
      },
    });
    expect(finished.signal).toBeUndefined();
  });

  test.each([
    [
      { kind: 'exited', exitCode: 0 },
      { outcome: 'completed', exitCode: 0 },
    ],
    [
      { kind: 'exited', exitCode: 3 },
      { outcome: 'failed', exitCode: 3 },
    ],
    [
      { kind: 'signaled', signal: 'SIGSEGV' },
      { outcome: 'failed', exitCode: 139 },
    ],
  ] as const)(
    'in the tick in which the program exits with %j is too late',
    async (status, result) => {
      const manual = createManualRunner();
      const hub = await fixture.connect({ clock, runners: [manual.runner] });
      const id = hub.execute('x', { timeoutMs: 20_000 });
      await hub.waitFor('command:started');
      manual.exit(status);
      clock.advance(20_000);
      const { finished } = await hub.waitForFinished(id);
      expect(finished).toMatchObject(result);
      expect(finished.error?.code).not.toBe('timeout');
      expect(manual.stops).toEqual([]);
    },
  );

  test('can be sent by the hub', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute('!echo ready; sleep 77');
    await hub.waitForOutput(id, 'ready');
    hub.send({ type: 'command:interrupt', commandId: id, reason: 'timeout' });
    expect((await hub.waitForFinished(id)).finished).toMatchObject({
      outcome: 'failed',
      error: { code: 'timeout' },
    });
  });

  test('applies while the hub is offline', async () => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute('!echo $$; sleep 77', { timeoutMs: 10_000 });
    await hub.waitForOutput(id, '\n');
    const pid = parseFirstNumber(hub.outputsOf(id)[0]!.data);
    await disconnect(fixture, hub);
    await fixture.hub.stop();
    clock.advance(10_000);
    await pollUntil(() => !isRunning(pid));
  });

  test('of a finished command does not affect the next one', async () => {
    const hub = await fixture.connect({ clock });
    const first = hub.execute('!true', { timeoutMs: 1_000 });
    await hub.waitForFinished(first);
    const second = hub.execute('!echo ready; sleep 0.05', { timeoutMs: 50_000 });
    await hub.waitForOutput(second, 'ready');
    clock.advance(2_000);
    expect((await hub.waitForFinished(second)).finished.outcome).toBe('completed');
  });
});
