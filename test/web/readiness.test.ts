// What load balancers learn about a hub: whether to send it requests.
import { expect, test } from 'bun:test';
import type { Bus } from '../../src/bus/bus.ts';
import { createReadiness } from '../../src/hub/readiness.ts';
import { startTestHub, type TestHub } from '../support/hub/hub.ts';

async function read({ url }: TestHub) {
  const response = await fetch(`${url}/readyz`);
  return [response.status, await response.json()];
}

const READY = [200, { ready: true, reasons: [], name: 'signalbox', version: '0.0.0-test' }];

test('a hub is ready when it has started, and needs no token', async () => {
  await using hub = await startTestHub();
  expect(await read(hub)).toEqual(READY);
  const head = await fetch(`${hub.url}/readyz`, { method: 'HEAD' });
  expect(head.status).toBe(200);
});

test('a hub that cannot write is not ready until it can write again', async () => {
  await using hub = await startTestHub();
  hub.store.fail((call) => call === 'store.probe');
  hub.clock.advance(5_000);
  await hub.flush();
  expect(await read(hub)).toMatchObject([
    503,
    { ready: false, reasons: [expect.stringMatching(/^Cannot write to the database: /)] },
  ]);
  hub.store.clearFaults();
  hub.clock.advance(5_000);
  await hub.flush();
  expect(await read(hub)).toEqual(READY);
});

test('a hub with a damaged database is not ready', async () => {
  await using hub = await startTestHub();
  hub.hub.storeHealth.reportDamage('The database is damaged (page 7).');
  expect(await read(hub)).toMatchObject([503, { reasons: ['The database is damaged (page 7).'] }]);
});

test('a hub that is about to stop is not ready, but still alive and working', async () => {
  await using hub = await startTestHub();
  hub.hub.readiness.startDraining();
  expect(hub.hub.readiness.isDraining()).toBe(true);
  expect(await read(hub)).toMatchObject([503, { reasons: ['The hub is shutting down.'] }]);
  expect((await fetch(`${hub.url}/healthz`)).status).toBe(200);
  expect((await hub.callApi('GET', '/agents')).status).toBe(200);
});

test('a hub that rejects requests says why it is not ready', async () => {
  await using hub = await startTestHub();
  hub.drain();
  expect(await read(hub)).toMatchObject([
    503,
    { ready: false, reasons: ['The hub is shutting down.'] },
  ]);
  expect((await fetch(`${hub.url}/healthz`)).status).toBe(503);
});

test('a hub without its bus is not ready, and every reason is listed', () => {
  let isConnected = true;
  let failure: string | null = null;
  const bus: Pick<Bus, 'status'> = { status: () => ({ isConnected, lagMs: null }) };
  const readiness = createReadiness({ failure: () => failure }, bus);
  expect(readiness.listProblems()).toEqual([]);
  isConnected = false;
  expect(readiness.listProblems()).toEqual(['The hub is not connected to the bus.']);
  failure = 'The database cannot be reached.';
  readiness.startDraining();
  expect(readiness.listProblems()).toEqual([
    'The hub is shutting down.',
    'The database cannot be reached.',
    'The hub is not connected to the bus.',
  ]);
});
