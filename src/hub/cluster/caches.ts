// Keeps what a hub has in memory of shared tables up to date: reads a table again when another hub has changed it.
import { type Clock, wait } from '../../protocol/clock.ts';
import type { CachedTable } from '../../store/cluster.ts';
import type { Reload } from '../../store/pending-writes.ts';
import { createCountedWarning } from '../counted-warning.ts';
import type { Log } from '../log.ts';

/** Delay before a table that could not be read is read again. */
export const RETRY_MS = 1_000;

/** A table in the memory of this hub. */
interface Cache {
  table: CachedTable;
  read: Reload;
  /** The reading in progress. */
  running: Promise<void> | null;
  /** The reading that starts after it. */
  next: Promise<void> | null;
}

export type Caches = ReturnType<typeof createCaches>;

/** @param reloads reads one table, and applies the difference */
export function createCaches(
  reloads: Readonly<Record<CachedTable, Reload>>,
  { clock, log }: { clock: Clock; log: Log },
) {
  const warnFailed = createCountedWarning(
    clock,
    log,
    'Could not read the changes of other hubs from the database.',
  );
  const caches = Object.entries(reloads).map(([table, reload]): Cache => ({
    table: table as CachedTable,
    read: reload,
    running: null,
    next: null,
  }));

  const stopped = new AbortController();

  async function readNow(cache: Cache) {
    const { again } = await cache.read();
    // Later, because a write can take long while the database cannot be reached.
    if (again) void again.then(() => readUntilDone(cache));
  }

  /** Reads a table, after the reading that is in progress: that one may have missed the latest change. */
  function readOnce(cache: Cache): Promise<void> {
    if (cache.next) return cache.next;
    const start = () => {
      cache.next = null;
      const reading = readNow(cache).finally(() => {
        if (cache.running === reading) cache.running = null;
      });
      cache.running = reading;
      return reading;
    };
    if (!cache.running) return start();
    cache.next = cache.running.then(start, start);
    return cache.next;
  }

  async function readUntilDone(cache: Cache): Promise<void> {
    while (!stopped.signal.aborted) {
      try {
        return await readOnce(cache);
      } catch (error) {
        if (stopped.signal.aborted) return;
        warnFailed({ table: cache.table, error });
        await wait(clock, RETRY_MS);
      }
    }
  }

  return {
    /**
     * Reads tables again. Resolves once what was committed before the call is known; while the store cannot be read, it tries
     * again every second.
     */
    async reload(tables: readonly CachedTable[]): Promise<void> {
      const changed = caches.filter(({ table }) => tables.includes(table));
      await Promise.all(changed.map((cache) => readUntilDone(cache)));
    },
    /** Reads tables again for a request that waits for them: once, even if that fails. */
    async refresh(tables: readonly CachedTable[]): Promise<void> {
      const read = async (cache: Cache) => {
        await readOnce(cache).catch((error: unknown) => warnFailed({ table: cache.table, error }));
      };
      await Promise.all(caches.filter(({ table }) => tables.includes(table)).map(read));
    },
    /** Ends attempts to read tables that could not be read. */
    stop() {
      stopped.abort();
    },
  };
}
