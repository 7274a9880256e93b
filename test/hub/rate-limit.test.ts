// Rate limits of dashboards.
import { expect, test } from 'bun:test';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { startHubFixture } from '../support/hub/hub-fixture.ts';
import { startTestHub } from '../support/hub/hub.ts';

test('a dashboard can send 40 messages at once, then 20 per second; more are rejected', async () => {
  await using hub = await startTestHub();
  const dashboard = await connectDashboard(hub);
  const countRejected = () =>
    dashboard.ofType('error').filter(({ code }) => code === 'rate_limited').length;
  const sendBurst = async (count: number) => {
    const before = countRejected();
    for (let i = 0; i < count; i++) dashboard.send({ type: 'terminal:detach', commandId: 'x' });
    await dashboard.ping();
    return countRejected() - before;
  };
  expect(await sendBurst(45)).toBe(5);
  dashboard.send({ type: 'command:interrupt', commandId: 'x' });
  await dashboard.ping();
  expect(dashboard.ofType('error').map(({ code }) => code)).toEqual(Array(6).fill('rate_limited'));
  hub.clock.advance(1_000);
  expect(await sendBurst(25)).toBe(5);
  hub.clock.advance(60_000 - 1);
  await dashboard.ping();
  expect(await sendBurst(45)).toBe(5);
});

test('a dashboard that does not slow down is closed with 1008', async () => {
  await using fixture = await startHubFixture({ agent: { capabilities: ['shell', 'pty'] } });
  const id = await fixture.startCommand();
  for (let i = 0; i < 10_000; i += 1) {
    fixture.dashboard.send({ type: 'command:input', commandId: id, data: '' });
  }
  expect(await fixture.dashboard.closed).toEqual({ code: 1008, reason: 'rate_limited' });
  expect(fixture.dashboard.ofType('error').length).toBeLessThanOrEqual(60);
});

test('each dashboard has its own limit', async () => {
  await using hub = await startTestHub();
  const [one, two] = [await connectDashboard(hub), await connectDashboard(hub)];
  for (let i = 0; i < 50; i++) one.send({ type: 'terminal:detach', commandId: 'x' });
  await one.waitForError('rate_limited');
  two.send({ type: 'terminal:detach', commandId: 'x' });
  await two.ping();
  expect(two.ofType('error')).toEqual([]);
});

test('keystrokes and sizes are limited to 64 KB per second, not by their number', async () => {
  await using fixture = await startHubFixture({ agent: { capabilities: ['shell', 'pty'] } });
  const id = await fixture.startCommand();
  for (let i = 0; i < 100; i++)
    fixture.dashboard.send({ type: 'command:input', commandId: id, data: 'x' });
  for (let i = 0; i < 50; i++) {
    fixture.dashboard.send({ type: 'terminal:resize', commandId: id, cols: 80, rows: 24 });
  }
  fixture.dashboard.send({ type: 'command:input', commandId: id, data: 'x'.repeat(63_136) });
  await fixture.dashboard.ping();
  expect(fixture.dashboard.ofType('error')).toEqual([]);
  fixture.dashboard.send({ type: 'command:input', commandId: id, data: 'x' });
  expect(await fixture.dashboard.waitForError('rate_limited')).toMatchObject({ commandId: id });
  fixture.hub.clock.advance(1_000);
  fixture.dashboard.send({ type: 'command:input', commandId: id, data: 'é'.repeat(32_768) });
  await fixture.agent.waitUntil(() => fixture.agent.ofType('command:input')[101], 'all input');
  expect(fixture.dashboard.ofType('error')).toHaveLength(1);
});
