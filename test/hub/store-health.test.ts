// How the hub detects and reports that it cannot write to its disk.
import { expect, test } from 'bun:test';
import { startHubFixture } from '../support/hub/hub-fixture.ts';
import { connectAgent } from '../support/hub/scripted-agent.ts';

test('agents are notified when writes fail, when they work again, and when connecting in between', async () => {
  await using fixture = await startHubFixture();
  fixture.hub.store.fail(() => true);
  fixture.hub.clock.advance(5_000);
  await fixture.agent.waitFor('hub:storage', ({ failing }) => failing);
  const late = await connectAgent(
    { ...fixture.hub, addAgent: () => Promise.resolve(fixture.agent.token) },
    {},
  );
  await late.waitFor('hub:storage', ({ failing }) => failing);
  fixture.hub.store.clearFaults();
  fixture.hub.clock.advance(5_000);
  await late.waitFor('hub:storage', ({ failing }) => !failing);
  for (let probe = 0; probe < 2; probe++) {
    fixture.hub.clock.advance(5_000);
    await fixture.hub.flush();
  }
  await late.ping();
  expect(late.ofType('hub:storage').map(({ failing }) => failing)).toEqual([true, false]);
  const id = await fixture.dashboard.request('!ls');
  await late.waitForExecute(id);
});

test('a failed write is detected before the next probe', async () => {
  await using fixture = await startHubFixture();
  fixture.hub.store.fail((call) => call === 'commands.insert' || call === 'store.probe');
  const body = { agentId: 'agent', command: '!ls' };
  expect((await fixture.hub.callApi('POST', '/commands', { body })).status).toBe(503);
  await fixture.agent.waitFor('hub:storage', ({ failing }) => failing);
  const errors = fixture.hub.logEntries.filter(({ level }) => level === 'error');
  expect(errors).toHaveLength(1);
});

test('a write that takes longer than 5 s is a failure until it ends', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent } = fixture;
  hub.store.hold((call) => call === 'store.probe');
  hub.clock.advance(5_000);
  expect(hub.hub.storeHealth.failure()).toBeNull();
  hub.clock.advance(5_000);
  await agent.waitFor('hub:storage', ({ failing }) => failing);
  expect(hub.hub.storeHealth.failure()).toBe('The database has not responded for 5 s.');
  hub.store.release();
  await agent.waitFor('hub:storage', ({ failing }) => !failing);
  expect(hub.hub.storeHealth.failure()).toBeNull();
});

test('a damaged database is a failure that no probe ends', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent } = fixture;
  const reason = 'The database is damaged (page 7). Restore it from a backup.';
  hub.hub.storeHealth.reportDamage(reason);
  hub.hub.storeHealth.reportDamage('again');
  await agent.waitFor('hub:storage', ({ failing }) => failing);
  hub.clock.advance(5_000);
  await hub.flush();
  expect(await (await fetch(`${hub.url}/healthz`)).json()).toMatchObject({
    status: 'damaged',
    reason,
  });
  const body = { agentId: 'agent', command: '!ls' };
  expect((await hub.callApi('POST', '/commands', { body })).status).toBe(503);
  expect(hub.logEntries.filter(({ level }) => level === 'error')).toHaveLength(1);
});

test('a full disk and a server that is away are told apart by the codes of their errors', async () => {
  await using fixture = await startHubFixture();
  const { storeHealth } = fixture.hub.hub;
  const fail = (message: string, code: string) =>
    storeHealth.reportFailure(Object.assign(new Error(message), { code }));
  fail('The database cannot be reached: no route', 'UNREACHABLE');
  expect(storeHealth.failure()).toBe('The database cannot be reached: no route');
  expect(storeHealth.isDiskFull()).toBe(false);
  for (const code of ['SQLITE_FULL', '53100']) {
    fail('no space left', code);
    expect(storeHealth.failure()).toBe('Cannot write to the database: no space left');
    expect(storeHealth.isDiskFull()).toBe(true);
    fixture.hub.clock.advance(5_000);
    await fixture.hub.flush();
    expect(storeHealth.isDiskFull()).toBe(false);
  }
});
