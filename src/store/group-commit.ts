// Writes are gathered into one transaction: one fsync for many, and a promise for each that says when it is on disk.
import type { Database } from 'bun:sqlite';

interface Waiting {
  work: () => void;
  committed: () => void;
  failed: (reason: unknown) => void;
}

/** How long a write that nobody is waiting for may be gathered, in milliseconds. */
const GATHER_MS = 20;

/** The queue of writes before one SQLite file. */
export interface GroupCommit {
  /** Runs `work` in the next transaction, which begins before anything else is heard. */
  write(work: () => void): Promise<void>;
  /** The same, but lets up to 20 ms of writes gather first. */
  writeSoon(work: () => void): Promise<void>;
  /** Commits what has gathered, now. */
  flush(): void;
}

/**
 * Gathers writes to `database` into transactions, in the order they came.
 * When a transaction fails, each of its writes is tried alone, so that one bad write fails only itself.
 */
export function createGroupCommit(database: Database): GroupCommit {
  let waiting: Waiting[] = [];
  let soon: ReturnType<typeof setTimeout> | undefined;
  let now: ReturnType<typeof setImmediate> | undefined;

  const inTransaction = database.transaction((batch: readonly Waiting[]) => {
    for (const { work } of batch) work();
  });

  function commit(batch: readonly Waiting[]) {
    try {
      inTransaction.immediate(batch);
    } catch (error) {
      const [first] = batch;
      if (first && batch.length === 1) return first.failed(error);
      return batch.forEach((write) => commit([write]));
    }
    batch.forEach((write) => write.committed());
  }

  function flush() {
    clearTimeout(soon);
    clearImmediate(now);
    soon = undefined;
    now = undefined;
    const batch = waiting;
    waiting = [];
    if (batch.length > 0) commit(batch);
  }

  function enqueue(work: () => void): Promise<void> {
    return new Promise((committed, failed) => waiting.push({ work, committed, failed }));
  }

  return {
    write(work) {
      now ??= setImmediate(flush);
      return enqueue(work);
    },
    writeSoon(work) {
      soon ??= setTimeout(flush, GATHER_MS);
      return enqueue(work);
    },
    flush,
  };
}
