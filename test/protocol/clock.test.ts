import { afterEach, expect, spyOn, test } from 'bun:test';
import { systemClock } from '../../src/protocol/clock.ts';

const DAY_MS = 86_400_000;
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Records timers instead of starting them. */
function recordTimers() {
  const timers: { run: () => void; ms: number }[] = [];
  const spy = spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, ms: number) => {
    timers.push({ run, ms });
    return timers.length;
  }) as typeof setTimeout);
  return { timers, spy };
}

let restore = () => {};
afterEach(() => restore());

test('a delay longer than a timer can have is split', () => {
  const { timers, spy } = recordTimers();
  restore = () => spy.mockRestore();
  let isDone = false;
  systemClock.after(60 * DAY_MS, () => (isDone = true));
  let totalMs = 0;
  for (let i = 0; i < timers.length; i += 1) {
    const timer = timers[i];
    expect(isDone).toBe(false);
    expect(timer?.ms).toBeLessThanOrEqual(MAX_TIMER_MS);
    totalMs += timer?.ms ?? 0;
    timer?.run();
  }
  expect(isDone).toBe(true);
  expect(totalMs).toBe(60 * DAY_MS);
  expect(timers).toHaveLength(3);
});

test('monotonic time does not go back', () => {
  const before = systemClock.monotonic();
  expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before);
});
