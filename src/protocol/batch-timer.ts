// When collected output is sent. After a pause it is sent at once, so that a prompt or an echoed key has no delay. Output
// that follows sooner is collected for a moment, because a frame costs the same for one byte as for a kilobyte.
import type { Clock } from './clock.ts';
import { OUTPUT_BATCH_MS } from './limits.ts';

/** @param onDue sends everything that was collected */
export function createBatchTimer(clock: Clock, onDue: () => void) {
  let lastSentAt = -Infinity;
  let cancel: (() => void) | null = null;

  return {
    /** Output is waiting: calls `onDue` as soon as 3 ms have passed since output was last sent. */
    schedule() {
      if (cancel) return;
      const waitMs = lastSentAt + OUTPUT_BATCH_MS - clock.monotonic();
      if (waitMs <= 0) return onDue();
      cancel = clock.after(waitMs, () => {
        cancel = null;
        onDue();
      });
    },
    /** Output was sent. */
    restart() {
      cancel?.();
      cancel = null;
      lastSentAt = clock.monotonic();
    },
  };
}
