// A clock that only a test advances. Very short timers (batching of output and of writes) can run in real time, so that
// tests about minutes and hours need not handle them.
import { type Clock, systemClock } from '../../src/protocol/clock.ts';

export interface ManualClock extends Clock {
  /** Advances the time and runs the timers that become due, in order. */
  advance(ms: number): void;
  /** Sets the wall clock forward or back, as an operator or NTP does. Timers and `monotonic` are not affected. */
  jump(ms: number): void;
  /** Returns the number of pending timers. */
  countTimers(): number;
}

interface Timer {
  dueAt: number;
  act(): void;
}

/** @param realTimeBelowMs timers shorter than this many milliseconds run on the system clock */
export function createManualClock({
  start = 1_700_000_000_000,
  realTimeBelowMs = 0,
} = {}): ManualClock {
  let now = start;
  let jumpedMs = 0;
  const timers = new Set<Timer>();

  function after(ms: number, act: () => void): () => void {
    if (ms < realTimeBelowMs) return systemClock.after(ms, act);
    const timer = { dueAt: now + ms, act };
    timers.add(timer);
    return () => void timers.delete(timer);
  }

  function every(ms: number, act: () => void): () => void {
    const timer: Timer = {
      dueAt: now + ms,
      act: () => {
        timer.dueAt += ms;
        timers.add(timer);
        act();
      },
    };
    timers.add(timer);
    return () => void timers.delete(timer);
  }

  return {
    now: () => now + jumpedMs,
    monotonic: () => now,
    jump(ms) {
      jumpedMs += ms;
    },
    after,
    every,
    countTimers: () => timers.size,
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const due = [...timers].filter((timer) => timer.dueAt <= end);
        const next = due.toSorted((a, b) => a.dueAt - b.dueAt)[0];
        if (!next) break;
        timers.delete(next);
        now = next.dueAt;
        next.act();
      }
      now = end;
    },
  };
}
