// The wall clock is set forward or back while the agent runs.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { type AgentFixture, createAgentFixture } from '../support/agent/agent-fixture.ts';
import { createManualRunner } from '../support/agent/manual-runner.ts';
import { createWorkFolder, scriptedProgram } from '../support/agent/scripted-program.ts';
import { interrupt, roundTrip } from '../support/agent/steps.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { createModelServer } from '../support/models/server.ts';
import { isRunning, parseFirstNumber, pollUntil } from '../support/processes.ts';

const HOUR_MS = 3_600_000;

let fixture: AgentFixture;
let clock: ManualClock;

beforeEach(() => {
  fixture = createAgentFixture();
  clock = createManualClock({ realTimeBelowMs: 100 });
});
afterEach(() => fixture[Symbol.asyncDispose]());

/** Starts a command on a manual runner. */
async function start(timeoutMs: number) {
  const manual = createManualRunner();
  const hub = await fixture.connect({ clock, runners: [manual.runner] });
  const commandId = hub.execute('x', { timeoutMs });
  await hub.waitFor('command:started');
  return { manual, hub, commandId };
}

describe.each([HOUR_MS, -HOUR_MS])('a jump of %d ms', (jump) => {
  test('does not disconnect the agent', async () => {
    const hub = await fixture.connect({ clock });
    for (let step = 0; step < 3; step += 1) {
      await roundTrip(hub);
      clock.jump(jump);
      clock.advance(20_000);
    }
    await roundTrip(hub);
    expect(fixture.logLines.filter((line) => line.includes('no connection'))).toEqual([]);
  });

  test('does not hide a silent hub', async () => {
    const hub = await fixture.connect({ clock });
    await roundTrip(hub);
    clock.jump(jump);
    const disconnected = fixture.waitForLog(/no data from the hub for 30 s/);
    clock.advance(30_000);
    await disconnected;
  });

  test('does not change the timeout of a command that waited for an approval', async () => {
    const { manual, hub } = await start(10_000);
    clock.advance(6_000);
    clock.jump(jump);
    const pending = manual.requestApproval({
      title: 'Write a file',
      options: [{ optionId: 'yes', name: 'Yes', kind: 'allow_once' }],
    });
    const { approvalId } = await hub.waitFor('approval:request');
    clock.jump(jump);
    hub.send({ type: 'approval:resolved', approvalId, outcome: 'selected', optionId: 'yes' });
    await pending;
    await roundTrip(hub);
    clock.advance(3_999);
    expect(manual.stops).toEqual([]);
    clock.advance(1);
    expect(manual.stops).toEqual(['interrupt']);
  });

  test('does not change the timing of the escalation', async () => {
    const { manual, hub, commandId } = await start(600_000);
    clock.jump(jump);
    interrupt(hub, commandId);
    await roundTrip(hub);
    clock.jump(jump);
    clock.advance(4_999);
    expect(manual.stops).toEqual(['interrupt']);
    clock.advance(1);
    clock.jump(jump);
    expect(manual.stops).toEqual(['interrupt', 'terminate']);
    clock.advance(5_000);
    expect(manual.stops).toEqual(['interrupt', 'terminate', 'kill']);
  });

  test('does not change how long a background process lives after an interrupt', async () => {
    const hub = await fixture.connect({ clock });
    // A background process ignores SIGINT.
    const id = hub.execute('!sleep 77 & echo $!; wait');
    await hub.waitForOutput(id, '\n');
    const pid = parseFirstNumber(hub.outputsOf(id)[0]!.data);
    const startedAt = clock.monotonic();
    interrupt(hub, id);
    await pollUntil(() => {
      clock.jump(jump);
      clock.advance(20);
      return !isRunning(pid);
    });
    expect(clock.monotonic() - startedAt).toBeGreaterThanOrEqual(500);
    expect((await hub.waitForFinished(id)).finished.outcome).toBe('interrupted');
  });

  test('does not appear in the duration of a tool call', async () => {
    const model = createModelServer();
    model.respondWith(({ toolResults }) =>
      toolResults.length > 0
        ? { text: ['Fine.'] }
        : { toolCall: { name: 'write', input: { path: `${fixture.folder}/a`, content: 'a\n' } } },
    );
    const acp = scriptedProgram(fixture, { ANTHROPIC_BASE_URL: model.url });
    const hub = await fixture.connect({ clock, acp, cwd: createWorkFolder(fixture) });
    const id = hub.execute('Write it');
    const { approvalId, options } = await hub.waitFor('approval:request');
    clock.jump(jump);
    clock.advance(2_000);
    const { optionId } = options[0]!;
    hub.send({ type: 'approval:resolved', approvalId, outcome: 'selected', optionId });
    const { stdout } = await hub.waitForFinished(id);
    expect(Bun.stripANSI(stdout)).toMatch(/✓ .*2 s/);
    await model.stop();
  });
});
