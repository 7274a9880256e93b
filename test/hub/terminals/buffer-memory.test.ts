// How long the output of ended commands is held.
import { expect, test } from 'bun:test';
import {
  createTerminalBuffer,
  type TerminalBuffer,
} from '../../../src/hub/state/terminal-buffer.ts';
import { createBufferMemory } from '../../../src/hub/terminals/buffer-memory.ts';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { type HubFixture, startHubFixture } from '../../support/hub/hub-fixture.ts';
import { SETTINGS } from '../../support/hub/hub.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';
import { createManualClock } from '../../support/manual-clock.ts';

/** Memory of a buffer with one small chunk. */
const SMALL_BUFFER_BYTES = 2_200;

/** No output is kept on disk after the end of its command. */
const MEMORY_ONLY = { transcriptRetentionMs: 0 };

/** Runs a command to its end and returns its ID. */
async function runCommand(fixture: HubFixture, text: string) {
  const id = await fixture.startCommand();
  fixture.agent.sendOutput(id, text);
  fixture.agent.sendFinished(id);
  await fixture.agent.waitForAcknowledged(id);
  await waitForConfirmation(fixture);
  return id;
}

/** Waits until the dashboard has confirmed what it received, so that buffers can be freed. */
async function waitForConfirmation(fixture: HubFixture) {
  for (let i = 0; i < 3; i++) await fixture.hub.advance(1_000, fixture.agent, fixture.dashboard);
}

const isHeld = (fixture: HubFixture, id: string) => fixture.hub.hub.state.terminalBuffers.has(id);

test('the least recently read buffer is freed when memory is short, also on disk', async () => {
  await using fixture = await startHubFixture({
    settings: { ...MEMORY_ONLY, bufferMemoryBytes: 2.5 * SMALL_BUFFER_BYTES },
  });
  const [a, b] = [
    await runCommand(fixture, 'a'.repeat(10)),
    await runCommand(fixture, 'b'.repeat(10)),
  ];
  expect([isHeld(fixture, a), isHeld(fixture, b)]).toEqual([true, true]);
  expect(await (await fixture.hub.callApi('GET', `/commands/${a}/output`)).text()).toBe(
    'a'.repeat(10),
  );
  fixture.hub.clock.advance(1);
  const c = await runCommand(fixture, 'c'.repeat(10));
  expect([isHeld(fixture, a), isHeld(fixture, b), isHeld(fixture, c)]).toEqual([true, false, true]);
  await fixture.hub.flush();
  expect(await fixture.hub.store.output.listLatest(b, Infinity)).toEqual([]);
  expect(await fixture.hub.store.output.listLatest(a, Infinity)).toHaveLength(1);
});

test('a freed buffer is reported as expired, with its size, and as 410', async () => {
  await using fixture = await startHubFixture({
    settings: { ...MEMORY_ONLY, bufferMemoryBytes: SMALL_BUFFER_BYTES },
  });
  const a = await runCommand(fixture, 'a'.repeat(10));
  await runCommand(fixture, 'b'.repeat(10));
  expect(isHeld(fixture, a)).toBe(false);
  const late = await connectDashboard(fixture.hub);
  late.send({ type: 'terminal:attach', commandId: a });
  expect(await late.waitForComplete(a)).toMatchObject({ lastSequence: 0, totalBytes: 10 });
  expect(late.terminalMessages(a)).toMatchObject([
    { type: 'terminal:gap', fromSequence: 0, toSequence: 1, bytes: 10, reason: 'expired' },
    { type: 'terminal:complete' },
  ]);
  late.send({ type: 'terminal:attach', commandId: a, afterSequence: 0 });
  await late.waitUntil(() => late.ofType('terminal:complete')[1], 'complete again');
  expect(late.ofType('terminal:gap')).toHaveLength(1);
  const response = await fixture.hub.callApi('GET', `/commands/${a}/output`);
  expect(response.status).toBe(410);
  expect(await response.json()).toMatchObject({ error: { code: 'expired' } });
});

test('the buffers of live commands are kept, however little memory there is', async () => {
  await using fixture = await startHubFixture({ settings: { bufferMemoryBytes: 1 } });
  const running = await fixture.startCommand();
  fixture.agent.sendOutput(running, 'r'.repeat(10));
  const second = await connectAgent(fixture.hub, { agentId: 'second' });
  const other = await fixture.dashboard.request('!ls', { agentId: 'second' });
  await second.waitForExecute(other);
  second.run(other, 'o'.repeat(10));
  await second.waitForAcknowledged(other);
  await waitForConfirmation(fixture);
  expect([isHeld(fixture, running), isHeld(fixture, other)]).toEqual([true, false]);
  fixture.agent.sendFinished(running);
  await fixture.dashboard.waitForComplete(running);
  expect(fixture.dashboard.outputOf(running)).toBe('r'.repeat(10));
});

test('the output of a removed agent can still be attached to', async () => {
  await using fixture = await startHubFixture();
  const id = await runCommand(fixture, 'hello');
  await fixture.hub.callApi('DELETE', '/agents/agent', { role: 'admin' });
  fixture.dashboard.send({ type: 'terminal:attach', commandId: id });
  await fixture.dashboard.waitUntil(
    () => fixture.dashboard.ofType('terminal:complete')[1],
    'complete again',
  );
});

test('a buffer is freed without looking at all others for each command, the least recently read first', () => {
  const clock = createManualClock();
  const callbacks = { onChunk() {}, onPersistable() {}, onOverflow() {} };
  const freed: string[] = [];
  let checks = 0;
  const memory = createBufferMemory(
    {
      clock,
      settings: { ...SETTINGS, ...MEMORY_ONLY, bufferMemoryBytes: 1_000 * SMALL_BUFFER_BYTES },
    },
    ({ commandId }) => {
      checks += 1;
      return commandId === '0';
    },
    ({ commandId }) => void freed.push(commandId),
  );
  const buffers: TerminalBuffer[] = [];
  const addBuffer = () => {
    clock.advance(1);
    const id = String(buffers.length);
    const buffer = createTerminalBuffer({ id, agentId: 'agent' }, clock, callbacks);
    buffer.write(0, 'stdout', 'hello');
    buffer.complete();
    buffers.push(buffer);
    memory.add(buffer);
    memory.limit();
  };
  for (let i = 0; i < 1_000; i++) addBuffer();
  expect(freed).toEqual([]);
  clock.advance(1);
  buffers[2]?.read(0);
  for (let i = 0; i < 100; i++) addBuffer();
  expect(freed.length).toBeGreaterThan(90);
  expect(freed.slice(0, 3)).toEqual(['1', '3', '4']);
  expect(checks).toBeLessThan(3 * freed.length);
});
