// A hub that has lost its lease: when its clients are to connect to other hubs.
import { expect, test } from 'bun:test';
import { watchLease } from '../../../src/hub/cluster/stranded.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const CHECK_MS = 5_000;

/** Starts the checks of a hub without a lease. */
function watch() {
  const clock = createManualClock();
  const found = { hasLease: false, isSystemReady: true };
  let moves = 0;
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const stop = watchLease(
    { clock, log },
    {
      hasLease: () => found.hasLease,
      isSystemReady: () => Promise.resolve(found.isSystemReady),
      moveClients: () => void (moves += 1),
    },
  );
  return {
    found,
    stop,
    moves: () => moves,
    async check() {
      clock.advance(CHECK_MS);
      // The answer of the load balancer.
      await Promise.resolve().then(() => undefined);
    },
  };
}

test('its clients are moved when other hubs are ready at two checks in succession', async () => {
  const hub = watch();
  await hub.check();
  expect(hub.moves()).toBe(0);
  await hub.check();
  expect(hub.moves()).toBe(1);
});

test('its clients stay while no hub is ready', async () => {
  const hub = watch();
  hub.found.isSystemReady = false;
  for (let checks = 0; checks < 5; checks += 1) await hub.check();
  expect(hub.moves()).toBe(0);
});

test('its clients stay if another hub was ready only a moment before', async () => {
  const hub = watch();
  await hub.check();
  hub.found.isSystemReady = false;
  await hub.check();
  hub.found.isSystemReady = true;
  await hub.check();
  expect(hub.moves()).toBe(0);
});

test('its clients stay if it renews its lease between two checks', async () => {
  const hub = watch();
  await hub.check();
  hub.found.hasLease = true;
  await hub.check();
  hub.found.hasLease = false;
  await hub.check();
  expect(hub.moves()).toBe(0);
});

test('nothing is checked after the hub has left', async () => {
  const hub = watch();
  await hub.check();
  hub.stop();
  await hub.check();
  expect(hub.moves()).toBe(0);
});
