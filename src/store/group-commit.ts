// Group commit: concurrent writes share one transaction, and therefore one fsync. Each write gets a promise for its own
// commit.
import type { Database } from 'bun:sqlite';

interface PendingWrite {
  run: () => void;
  resolve: () => void;
  reject: (reason: unknown) => void;
}

/** The longest delay of a deferred write, in milliseconds. */
const MAX_DELAY_MS = 20;

/** The queue of writes to one SQLite database. */
export interface GroupCommit {
  /** Commits `run` at the end of the current event loop turn, together with all other pending writes. */
  write(run: () => void): Promise<void>;
  /** Commits `run` within 20 ms: for writes that no request waits for. */
  writeDeferred(run: () => void): Promise<void>;
  /** Commits all pending writes now. */
  flush(): void;
}

/**
 * Creates the write queue of `database`. Writes run in call order.
 * When a transaction fails, its writes are retried one by one, so that a failing write rejects only its own promise.
 */
export function createGroupCommit(database: Database): GroupCommit {
  let pending: PendingWrite[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let immediate: ReturnType<typeof setImmediate> | undefined;

  const runInTransaction = database.transaction((writes: readonly PendingWrite[]) => {
    for (const { run } of writes) run();
  });

  function commit(writes: readonly PendingWrite[]) {
    try {
      runInTransaction.immediate(writes);
    } catch (error) {
      const [first] = writes;
      if (first && writes.length === 1) return first.reject(error);
      return writes.forEach((write) => commit([write]));
    }
    writes.forEach((write) => write.resolve());
  }

  function flush() {
    clearTimeout(timer);
    clearImmediate(immediate);
    timer = undefined;
    immediate = undefined;
    const writes = pending;
    pending = [];
    if (writes.length > 0) commit(writes);
  }

  function enqueue(run: () => void): Promise<void> {
    return new Promise((resolve, reject) => pending.push({ run, resolve, reject }));
  }

  return {
    write(run) {
      immediate ??= setImmediate(flush);
      return enqueue(run);
    },
    writeDeferred(run) {
      timer ??= setTimeout(flush, MAX_DELAY_MS);
      return enqueue(run);
    },
    flush,
  };
}
