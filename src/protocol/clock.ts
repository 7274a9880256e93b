// Time and timers, injected everywhere, so that tests can control them.

/** A source of time and timers, in milliseconds. */
export interface Clock {
  /** Returns the current time in Unix milliseconds. */
  now(): number;
  /** Returns milliseconds that never jump, from an arbitrary start. Use them to measure durations. */
  monotonic(): number;
  /** Calls `callback` once after `ms`. Returns a function that cancels the timer. */
  after(ms: number, callback: () => void): () => void;
  /** Calls `callback` every `ms`. Returns a function that cancels the timer. */
  every(ms: number, callback: () => void): () => void;
}

/** The longest delay of `setTimeout`, 24.8 days. A longer delay would expire immediately. */
const MAX_TIMER_MS = 2_147_483_647;

/** The system clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, callback) => {
    let timer: ReturnType<typeof setTimeout>;
    const wait = (remainingMs: number) => {
      const isLast = remainingMs <= MAX_TIMER_MS;
      timer = setTimeout(
        () => (isLast ? callback() : wait(remainingMs - MAX_TIMER_MS)),
        Math.min(remainingMs, MAX_TIMER_MS),
      );
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
  every: (ms, callback) => {
    const timer = setInterval(callback, ms);
    return () => clearInterval(timer);
  },
};

/** Resolves after a time. */
export const wait = (clock: Pick<Clock, 'after'>, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.after(ms, resolve));
