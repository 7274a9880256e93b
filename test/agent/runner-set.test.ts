import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { type AgentFixture, createAgentFixture } from '../support/agent/agent-fixture.ts';
import { createManualRunner } from '../support/agent/manual-runner.ts';
import { disconnect, reconnect, roundTrip } from '../support/agent/steps.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';

let fixture: AgentFixture;
let clock: ManualClock;

beforeEach(() => {
  fixture = createAgentFixture();
  clock = createManualClock({ realTimeBelowMs: 100 });
});
afterEach(() => fixture[Symbol.asyncDispose]());

test('each command runs on the runner that has the required capability', async () => {
  const manual = createManualRunner();
  const hub = await fixture.connect({ clock, runners: [manual.runner] });
  expect(hub.connectMessage.capabilities).toEqual(['prompt', '/review', 'files']);
  expect(hub.connectMessage.runner?.name).toBe('manual');
  for (const [command, isSupported] of [
    ['write a poem', true],
    ['/review now', true],
    ['!true', false],
    ['/unknown', false],
  ] as const) {
    const id = hub.execute(command);
    if (isSupported) {
      await hub.waitFor('command:started', (message) => message.commandId === id);
      manual.exit({ kind: 'exited', exitCode: 0 });
    }
    await hub.waitForFinished(id);
  }
  const outcomes = hub.received.flatMap((message) =>
    message.type === 'command:finished' ? [message.error?.code ?? message.outcome] : [],
  );
  expect(outcomes).toEqual(['completed', 'completed', 'invalid_command', 'invalid_command']);
  expect(manual.specs.map((spec) => spec.command)).toEqual(['write a poem', '/review now']);
  expect(manual.specs[0]?.session).toBe('continue');
});

test('changed capabilities are sent to the hub', async () => {
  const manual = createManualRunner();
  const hub = await fixture.connect({ clock, runners: [manual.runner] });
  await hub.waitForFinished(hub.execute('!true'));
  manual.setCapabilities(['prompt']);
  expect(await hub.waitFor('agent:capabilities')).toMatchObject({
    capabilities: ['prompt', 'files'],
  });
});

describe('capabilities that exceed the limits of the protocol', () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `/command-${index}`);
  const isWarning = (line: string) => line.includes('slash commands are not available');

  test('are omitted when the agent connects, but never prompt, shell and pty', async () => {
    const manual = createManualRunner();
    manual.setCapabilities([...names(1_200), '/' + 'x'.repeat(128), 'prompt', 'shell', 'pty']);
    const hub = await fixture.connect({ clock, runners: [manual.runner] });
    const { capabilities, notice } = hub.connectMessage;
    expect(capabilities).toEqual([...names(996), 'prompt', 'shell', 'pty', 'files']);
    expect(notice).toBe(
      '205 slash commands are not available: an agent can have up to 1,000 capabilities, with names of up to 128 characters.',
    );
    expect(fixture.logLines.filter(isWarning)).toHaveLength(1);
    await disconnect(fixture, hub);
    await reconnect(fixture, clock);
    expect(fixture.logLines.filter(isWarning)).toHaveLength(1);
  });

  test('are omitted when they change', async () => {
    const manual = createManualRunner();
    const hub = await fixture.connect({ clock, runners: [manual.runner] });
    await roundTrip(hub);
    manual.setCapabilities([...names(1_000), 'prompt']);
    const { capabilities, notice } = await hub.waitFor('agent:capabilities');
    expect(capabilities).toEqual([...names(998), 'prompt', 'files']);
    expect(notice).toStartWith('2 slash commands are not available: ');
    manual.setCapabilities(['prompt']);
    const hasOne = (message: { capabilities: string[] }) => message.capabilities.length === 2;
    expect((await hub.waitFor('agent:capabilities', hasOne)).notice).toBeUndefined();
  });

  test('can be at the limits', async () => {
    const manual = createManualRunner();
    const capabilities = [...names(997), `/${'x'.repeat(127)}`, 'prompt', 'files'];
    manual.setCapabilities(capabilities.slice(0, -1));
    const { connectMessage } = await fixture.connect({ clock, runners: [manual.runner] });
    expect(connectMessage.capabilities).toEqual(capabilities);
    expect(connectMessage.notice).toBeUndefined();
    expect(fixture.logLines.filter(isWarning)).toEqual([]);
  });
});

test('a long name and a long notice are truncated with a mark', async () => {
  const { runner } = createManualRunner();
  const long = { ...runner, name: 'n'.repeat(129), notice: () => '😀'.repeat(2_000) };
  const { connectMessage } = await fixture.connect({ clock, runners: [long] });
  expect(connectMessage.runner?.name).toBe(`${'n'.repeat(127)}…`);
  expect(connectMessage.notice).toBe(`${'😀'.repeat(1_023)}…`);
});

test('stopping the agent closes its runners', async () => {
  const manual = createManualRunner();
  await fixture.start({ clock, runners: [manual.runner] }).stop();
  expect(manual.isClosed()).toBe(true);
});

test("a failure keeps the runner's error", async () => {
  const manual = createManualRunner();
  const hub = await fixture.connect({ clock, runners: [manual.runner] });
  const id = hub.execute('x');
  await hub.waitFor('command:started');
  const error = { code: 'program_failed', message: 'The program failed.' } as const;
  manual.exit({ kind: 'failed', error });
  expect((await hub.waitForFinished(id)).finished).toMatchObject({
    outcome: 'failed',
    exitCode: null,
    error,
  });
});
