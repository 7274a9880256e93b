import { expect, test } from 'bun:test';
import { createRejectedAttempts } from '../../src/hub/rejected-attempts.ts';
import { createManualClock } from '../support/manual-clock.ts';

test('attempts from more than 1,000 addresses per minute are reported together', () => {
  const clock = createManualClock();
  const reports: [address: string | null, count: number][] = [];
  const count = createRejectedAttempts<{ address: string | null }>(
    clock,
    { address: null },
    ({ address }, attempts) => reports.push([address, attempts]),
  );
  for (let i = 0; i < 10_000; i++) count({ address: `address-${i}` });
  expect(reports).toHaveLength(1_001);
  expect(clock.countTimers()).toBe(1_001);
  clock.advance(60_000);
  expect(reports.slice(1_000)).toEqual([
    [null, 1],
    [null, 8_999],
  ]);
  clock.advance(60_000);
  expect(clock.countTimers()).toBe(0);
  count({ address: 'address-9999' });
  expect(reports.at(-1)).toEqual(['address-9999', 1]);
});
