import { expect, test } from 'bun:test';
import { createHubClock } from '../../src/browser/hub-clock.ts';
import { createManualClock } from '../support/manual-clock.ts';

test('follows the time of the hub', () => {
  const clock = createManualClock({ start: 1_000 });
  const hubClock = createHubClock(clock);
  hubClock.sync(500_000);
  clock.advance(2_000);
  expect(hubClock.now()).toBe(502_000);
});

test('stops while the page is disconnected, and then continues at the time of the hub', () => {
  const clock = createManualClock({ start: 1_000 });
  const hubClock = createHubClock(clock);
  hubClock.setRunning(false);
  clock.advance(5_000);
  hubClock.setRunning(false);
  expect(hubClock.now()).toBe(1_000);
  hubClock.setRunning(true);
  expect(hubClock.now()).toBe(6_000);
});
