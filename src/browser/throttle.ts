// At most one call in a while: the first at once, the others together when the while is over.
import type { Clock } from '../protocol/clock.ts';

/**
 * Gathers calls by name. The first of a name acts at once; those that come within `ms` act once, at its end.
 * A flood of status messages becomes a trickle of requests, and the last change is never lost.
 */
export function createThrottle(clock: Clock, ms: number, act: (name: string) => void) {
  const waiting = new Map<string, { again: boolean }>();

  function begin(name: string): void {
    const turn = { again: false };
    waiting.set(name, turn);
    act(name);
    clock.after(ms, () => {
      waiting.delete(name);
      if (turn.again) begin(name);
    });
  }

  return (name: string): void => {
    const turn = waiting.get(name);
    if (turn) turn.again = true;
    else begin(name);
  };
}
