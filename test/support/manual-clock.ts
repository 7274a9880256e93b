// A clock that moves only when a test says so. Very short timers (gathering output, batching writes) may run in real
// time beside it: tests of minutes and hours need not know about them.
import { type Clock, systemClock } from '../../src/protocol/clock.ts';

export interface ManualClock extends Clock {
  /** Moves time forward, running what becomes due in order. */
  advance(ms: number): void;
  /** How many timers wait to be moved. */
  waiting(): number;
}

interface Timer {
  at: number;
  act(): void;
}

/** @param realBelow timers shorter than so many milliseconds run by the real clock */
export function createManualClock({ start = 1_700_000_000_000, realBelow = 0 } = {}): ManualClock {
  let now = start;
  const timers = new Set<Timer>();

  function after(ms: number, act: () => void): () => void {
    if (ms < realBelow) return systemClock.after(ms, act);
    const timer = { at: now + ms, act };
    timers.add(timer);
    return () => void timers.delete(timer);
  }

  function every(ms: number, act: () => void): () => void {
    const timer: Timer = {
      at: now + ms,
      act: () => {
        timer.at += ms;
        timers.add(timer);
        act();
      },
    };
    timers.add(timer);
    return () => void timers.delete(timer);
  }

  return {
    now: () => now,
    after,
    every,
    waiting: () => timers.size,
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const due = [...timers].filter((timer) => timer.at <= end);
        const next = due.toSorted((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers.delete(next);
        now = next.at;
        next.act();
      }
      now = end;
    },
  };
}
