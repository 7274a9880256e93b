import { afterEach, beforeEach, expect, test } from 'bun:test';
import { type AgentFixture, createAgentFixture } from '../support/agent/agent-fixture.ts';
import { createManualRunner } from '../support/agent/manual-runner.ts';
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
  expect(hub.connectMessage.capabilities).toEqual(['prompt', '/review']);
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
  expect(await hub.waitFor('agent:capabilities')).toMatchObject({ capabilities: ['prompt'] });
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
