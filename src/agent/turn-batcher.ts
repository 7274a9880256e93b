// Collects the changes of a turn for a moment: a program can change the same part hundreds of times per second.
import type { Clock } from '../protocol/clock.ts';
import { TURN_BATCH_MS } from '../protocol/limits.ts';
import type { TurnPart } from '../protocol/turn.ts';

/** @param onBatch receives the latest content of the parts that have changed, by their index */
export function createTurnBatcher(
  clock: Clock,
  onBatch: (parts: ReadonlyMap<number, TurnPart>) => void,
) {
  let changed = new Map<number, () => TurnPart>();
  let cancel: (() => void) | null = null;

  /** Delivers the changes now. */
  function flush(): void {
    cancel?.();
    cancel = null;
    if (changed.size === 0) return;
    const batch = changed;
    changed = new Map();
    onBatch(new Map([...batch].map(([part, read]) => [part, read()])));
  }

  return {
    /** @param read returns the content when it is sent */
    set(part: number, read: () => TurnPart): void {
      changed.set(part, read);
      cancel ??= clock.after(TURN_BATCH_MS, flush);
    },
    flush,
  };
}
