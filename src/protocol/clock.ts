// Time, as the rules of the protocol need it. Injected everywhere, so that a test can move it.

/** A source of time and of timers, in milliseconds. */
export interface Clock {
  /** The time of day, Unix milliseconds. */
  now(): number;
  /** Calls `act` after `ms`; the answer cancels it. */
  after(ms: number, act: () => void): () => void;
  /** Calls `act` every `ms` until cancelled. */
  every(ms: number, act: () => void): () => void;
}

/** The real time. Its timers do not keep a process alive by themselves. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
  every: (ms, act) => {
    const timer = setInterval(act, ms);
    return () => clearInterval(timer);
  },
};
