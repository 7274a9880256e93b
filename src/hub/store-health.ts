// Whether the hub can still write: asked every few seconds, so that trouble is known before a command meets it.
import type { Clock } from '../protocol/clock.ts';
import type { Store } from '../store/store.ts';
import type { Log } from './log.ts';

/** How often a write is tried. */
const PROBE_MS = 5_000;

export type Storage = ReturnType<typeof createStorage>;

/** @param changed told when writing begins to fail, and when it works again */
export function createStorage(
  store: Store,
  clock: Clock,
  log: Log,
  changed: (failing: boolean) => void,
) {
  let trouble: string | null = null;

  function settle(now: string | null) {
    const was = trouble;
    trouble = now;
    if ((was === null) === (now === null)) return;
    if (now === null) log.info('The disk can be written again.');
    else
      log.error('The disk cannot be written: commands are refused until it can.', { reason: now });
    changed(now !== null);
  }

  function failed(error: unknown) {
    settle(error instanceof Error ? error.message : String(error));
  }

  const probe = () => void store.probe().then(() => settle(null), failed);
  const cancel = clock.every(PROBE_MS, probe);

  return {
    /** Why nothing can be written; null while all is well. */
    trouble: () => trouble,
    /** A write has failed: known at once, and asked again until it works. */
    failed,
    stop: cancel,
  };
}
