// Time and timers, injected everywhere, so that tests can control them.

/** A source of time and timers, in milliseconds. */
export interface Clock {
  /** Returns the current time in Unix milliseconds. */
  now(): number;
  /** Calls `callback` once after `ms`. Returns a function that cancels the timer. */
  after(ms: number, callback: () => void): () => void;
  /** Calls `callback` every `ms`. Returns a function that cancels the timer. */
  every(ms: number, callback: () => void): () => void;
}

/** The system clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  every: (ms, callback) => {
    const timer = setInterval(callback, ms);
    return () => clearInterval(timer);
  },
};
