import { afterEach, beforeEach, expect, test } from 'bun:test';
import { type AgentFixture, createAgentFixture } from '../support/agent/agent-fixture.ts';
import { createManualRunner } from '../support/agent/manual-runner.ts';
import type { AgentSocket } from '../support/agent/scripted-hub.ts';
import { disconnect, interrupt, reconnect } from '../support/agent/steps.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';

const REQUEST = {
  title: 'Delete the folder',
  options: [
    { optionId: 'yes', name: 'Yes', kind: 'allow_once' },
    { optionId: 'no', name: 'No', kind: 'reject_once' },
  ],
};

let fixture: AgentFixture;
let clock: ManualClock;

beforeEach(() => {
  fixture = createAgentFixture();
  clock = createManualClock({ realTimeBelowMs: 100 });
});
afterEach(() => fixture[Symbol.asyncDispose]());

/** Starts a command on a manual runner. */
async function start(options: { timeoutMs?: number } = {}) {
  const manual = createManualRunner();
  const hub = await fixture.connect({ clock, runners: [manual.runner] });
  const commandId = hub.execute('x', options);
  await hub.waitFor('command:started');
  return { manual, hub, commandId };
}

const approve = (hub: AgentSocket, approvalId: string) =>
  hub.send({ type: 'approval:resolved', approvalId, outcome: 'selected', optionId: 'yes' });

test('the response is confirmed when the program has received it', async () => {
  const { manual, hub, commandId } = await start();
  const pending = manual.requestApproval({ ...REQUEST, detail: 'rm -rf' });
  const request = await hub.waitFor('approval:request');
  expect(request).toMatchObject({ ...REQUEST, detail: 'rm -rf', commandId });
  approve(hub, request.approvalId);
  const response = await pending;
  expect(response).toMatchObject({ outcome: 'selected', optionId: 'yes' });
  expect(hub.received.some((message) => message.type === 'approval:applied')).toBe(false);
  response.confirm();
  expect((await hub.waitFor('approval:applied')).approvalId).toBe(request.approvalId);
});

test('after a reconnect, pending requests are resent and an applied response is confirmed again', async () => {
  const { manual, hub, commandId } = await start();
  const first = manual.requestApproval(REQUEST);
  const { approvalId } = await hub.waitFor('approval:request');
  approve(hub, approvalId);
  (await first).confirm();
  void manual.requestApproval({ ...REQUEST, title: 'Second' });
  await hub.waitFor('approval:request', (message) => message.title === 'Second');
  await disconnect(fixture, hub);
  const second = await reconnect(fixture, clock);
  second.sendWelcome({ resume: [{ commandId, nextSequence: 0 }] });
  expect((await second.waitFor('approval:request')).title).toBe('Second');
  approve(second, approvalId);
  expect((await second.waitFor('approval:applied')).approvalId).toBe(approvalId);
  const requests = second.received.filter((message) => message.type === 'approval:request');
  expect(requests).toHaveLength(1);
});

test('the time until the response does not count against the timeout', async () => {
  const { manual, hub } = await start({ timeoutMs: 10_000 });
  clock.advance(6_000);
  const pending = manual.requestApproval(REQUEST);
  const { approvalId } = await hub.waitFor('approval:request');
  clock.advance(20_000);
  approve(hub, approvalId);
  await pending;
  // The deadline resumes one microtask after the response.
  await Promise.resolve();
  clock.advance(3_999);
  expect(manual.stops).toEqual([]);
  clock.advance(1);
  expect(manual.stops).toEqual(['interrupt']);
});

test('an interrupt cancels pending and later requests', async () => {
  const { manual, hub, commandId } = await start();
  const pending = manual.requestApproval(REQUEST);
  await hub.waitFor('approval:request');
  interrupt(hub, commandId);
  expect((await pending).outcome).toBe('cancelled');
  expect((await manual.requestApproval(REQUEST)).outcome).toBe('cancelled');
  clock.advance(5_000);
  clock.advance(5_000);
  expect(manual.stops).toEqual(['interrupt', 'terminate', 'kill']);
  expect((await hub.waitForFinished(commandId)).finished.outcome).toBe('interrupted');
});

test('titles, names and kinds beyond the limits of the protocol are truncated with a mark', async () => {
  const { manual, hub } = await start();
  void manual.requestApproval({
    title: 't'.repeat(2_000_000),
    options: [{ optionId: 'yes', name: '😀'.repeat(129), kind: 'k'.repeat(65) }],
  });
  const { title, options } = await hub.waitFor('approval:request');
  expect(title).toBe(`${'t'.repeat(1_023)}…`);
  expect(options).toEqual([
    { optionId: 'yes', name: `${'😀'.repeat(127)}…`, kind: `${'k'.repeat(63)}…` },
  ]);
});

test('options beyond the limit are omitted; the detail says how many', async () => {
  const { manual, hub } = await start();
  const createOptions = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ optionId: `${i}`, name: `${i}`, kind: 'other' }));
  void manual.requestApproval({ title: 'one', options: createOptions(18) });
  const one = await hub.waitFor('approval:request');
  expect(one.options).toEqual(createOptions(16));
  expect(one.detail).toBe('… 2 more options are not shown.');
  void manual.requestApproval({ title: 'two', detail: 'ls', options: createOptions(17) });
  const two = await hub.waitFor('approval:request', ({ title }) => title === 'two');
  expect(two.detail).toBe('ls\n\n… 1 more option is not shown.');
});

test.each(['', 'x'.repeat(129)])(
  'an option ID that the protocol does not allow is replaced: %p',
  async (optionId) => {
    const { manual, hub } = await start();
    const pending = manual.requestApproval({
      title: 'Delete the folder',
      options: [...REQUEST.options, { optionId, name: 'Always', kind: 'allow_always' }],
    });
    const { approvalId, options } = await hub.waitFor('approval:request');
    expect(options.map((option) => option.name)).toEqual(['Yes', 'No', 'Always']);
    const sent = options[2]!.optionId;
    hub.send({ type: 'approval:resolved', approvalId, outcome: 'selected', optionId: sent });
    expect(await pending).toMatchObject({ outcome: 'selected', optionId });
  },
);

test('a long detail is truncated', async () => {
  const { manual, hub } = await start();
  void manual.requestApproval({ ...REQUEST, detail: '\u0001'.repeat(2_000_000) });
  const { detail } = await hub.waitFor('approval:request');
  expect(detail?.length).toBe(65_537);
  expect(detail?.endsWith('…')).toBe(true);
});
