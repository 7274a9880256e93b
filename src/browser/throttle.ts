// A throttle with leading and trailing calls, so that bursts cause few calls and the last one is never lost.
import type { Clock } from '../protocol/clock.ts';

/**
 * Calls `run` at most once per `ms` for each name: the first call runs immediately, and those that follow within `ms` run
 * once at its end.
 */
export function createThrottle(clock: Clock, ms: number, run: (name: string) => void) {
  const windows = new Map<string, { isCallPending: boolean }>();

  function start(name: string): void {
    const window = { isCallPending: false };
    windows.set(name, window);
    run(name);
    clock.after(ms, () => {
      windows.delete(name);
      if (window.isCallPending) start(name);
    });
  }

  return (name: string): void => {
    const window = windows.get(name);
    if (window) window.isCallPending = true;
    else start(name);
  };
}
