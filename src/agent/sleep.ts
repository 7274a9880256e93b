// A delay on the injected clock.
import type { Clock } from '../protocol/clock.ts';

/** Resolves after `ms` milliseconds. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
