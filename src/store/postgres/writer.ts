// Group commit: the writes that arrive while the server commits share the next transaction. Each gets a promise for its
// own commit.
import type { Fence } from '../cluster.ts';
import { currentFence } from '../fences.ts';
import type { Db } from './connection.ts';
import { mayRepeat } from './deadlocks.ts';
import { isLost, isRefused, toDatabaseError } from './errors.ts';
import { fencedError, lockFences } from './fence-check.ts';
import type { Backoff } from './reconnect.ts';
import type { WriterSession } from './writer-session.ts';

type Run = (db: Db) => Promise<unknown>;

/** Runs several writes of one kind at once, in their order. */
export type RunTogether<Item> = (db: Db, items: readonly Item[]) => Promise<unknown>;

interface PendingWrite {
  run: Run;
  /** Set if it can run together with others before and after it that have the same function. */
  together: { run: RunTogether<unknown>; item: unknown } | undefined;
  /** Set if it is about an agent that the hub must own. */
  fence: Fence | undefined;
  /** Whether another hub owns the agent, so that it was rejected. */
  isFenced: boolean;
  resolve: () => void;
  reject: (reason: unknown) => void;
}

/** The longest delay of a deferred write, in milliseconds. */
const MAX_DELAY_MS = 8;
/** The shortest delay between two attempts to find out what became of a commit. */
const MIN_DELAY_MS = 50;

export type Writer = ReturnType<typeof createWriter>;

interface Sessions {
  get(): Promise<WriterSession>;
  close(): Promise<void>;
}

/**
 * Creates the queue of writes. They run in call order, and each may run several times: when a transaction fails, its
 * writes are retried one by one, so that a failing write rejects only its own promise.
 */
export function createWriter(sessions: Sessions, backoff: Backoff) {
  let pending: PendingWrite[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let immediate: ReturnType<typeof setImmediate> | undefined;
  let isDue = false;
  let isClosed = false;
  let running: Promise<void> | null = null;

  async function commit(writes: readonly PendingWrite[], attempt = 1): Promise<void> {
    let isCommitted: boolean | null;
    try {
      isCommitted = await runTransaction(writes);
    } catch (thrown) {
      const error = toDatabaseError(thrown);
      const left = writes.filter(({ isFenced }) => !isFenced);
      if (await mayRepeat(error, attempt)) return commit(left, attempt + 1);
      if (left.length <= 1 || isLost(error)) return left.forEach(({ reject }) => reject(error));
      for (const write of left) await commit([write]);
      return;
    }
    // If it is not known, they stay unanswered, as after a crash.
    if (isCommitted) {
      for (const { isFenced, resolve } of writes) if (!isFenced) resolve();
    }
  }

  /** Rejects the writes about agents that other hubs own. Returns the others, which stay valid until the commit. */
  async function admit(db: Db, writes: readonly PendingWrite[]): Promise<readonly PendingWrite[]> {
    const fences = writes.flatMap(({ fence }) => fence ?? []);
    if (fences.length === 0) return writes;
    const isHeld = await lockFences(db, fences);
    return writes.filter((write) => {
      if (!write.fence || isHeld(write.fence)) return true;
      write.isFenced = true;
      write.reject(fencedError(write.fence));
      return false;
    });
  }

  /**
   * Runs writes and commits them.
   * @returns null if it is not known whether they were committed
   * @throws if they were not committed
   */
  async function runTransaction(writes: readonly PendingWrite[]): Promise<true | null> {
    const session = await sessions.get();
    const number = await session.begin();
    try {
      const admitted = await admit(session.db, writes);
      await runAll(session.db, admitted);
    } catch (error) {
      await session.rollBack();
      throw error;
    }
    try {
      await session.commit();
      return true;
    } catch (thrown) {
      const error = toDatabaseError(thrown);
      if (isRefused(error)) throw error;
      await session.abort();
      const last = await findLastCommit(session.id);
      if (last !== null && last !== number) throw error;
      return last === null ? null : true;
    }
  }

  /**
   * Finds out which transaction of a lost connection was committed last, as soon as the server can be reached again. Until
   * then, others fail.
   * @returns null if it cannot be found out, or the store is closed before that
   */
  async function findLastCommit(writerId: string): Promise<number | null> {
    for (;;) {
      try {
        const session = await sessions.get();
        return await session.endOther(writerId);
      } catch (error) {
        rejectPending(toDatabaseError(error));
        if (isClosed) return null;
        const delay = Math.max(MIN_DELAY_MS, backoff.delay());
        await new Promise((resolve) => setTimeout(resolve, delay));
      }
    }
  }

  function rejectPending(error: unknown) {
    const writes = pending;
    pending = [];
    for (const { reject } of writes) reject(error);
  }

  async function commitAll() {
    while (isDue && pending.length > 0) {
      isDue = false;
      unschedule();
      const writes = pending;
      pending = [];
      await commit(writes);
    }
    isDue = false;
    running = null;
  }

  function unschedule() {
    clearTimeout(timer);
    clearImmediate(immediate);
    timer = undefined;
    immediate = undefined;
  }

  /** Commits all pending writes, after those that are being committed. */
  function flush() {
    // Also if they were rejected meanwhile: otherwise, later ones would not be scheduled.
    unschedule();
    if (pending.length === 0) return;
    isDue = true;
    running ??= commitAll();
  }

  function enqueue(run: Run, together?: PendingWrite['together']): Promise<void> {
    const fence = currentFence();
    return new Promise((resolve, reject) =>
      pending.push({ run, together, fence, isFenced: false, resolve, reject }),
    );
  }

  return {
    /** Commits `run` with all other pending writes, as soon as the commit that is in flight has ended. */
    write(run: Run): Promise<void> {
      immediate ??= setImmediate(flush);
      return enqueue(run);
    },
    /** Commits `run` within 8 ms, or with the next commit. */
    writeDeferred(run: Run): Promise<void> {
      timer ??= setTimeout(flush, MAX_DELAY_MS);
      return enqueue(run);
    },
    /** The same for a write that can run together with others of its kind, with fewer statements. */
    writeTogether<Item>(run: RunTogether<Item>, item: Item): Promise<void> {
      timer ??= setTimeout(flush, MAX_DELAY_MS);
      return enqueue((db) => run(db, [item]), { run: run as RunTogether<unknown>, item });
    },
    /** Commits pending writes and ends the connection. A commit whose outcome is not known stays unanswered. */
    async close(): Promise<void> {
      flush();
      const committed = running;
      isClosed = true;
      await committed;
      await sessions.close();
    },
  };
}

/** Runs writes in their order, neighbors of one kind together. */
async function runAll(db: Db, writes: readonly PendingWrite[]): Promise<void> {
  for (let from = 0, to = 0; from < writes.length; from = to) {
    const first = writes[from];
    const run = first?.together?.run;
    to = from + 1;
    if (!run) {
      await first?.run(db);
      continue;
    }
    while (writes[to]?.together?.run === run) to += 1;
    await run(
      db,
      writes.slice(from, to).map(({ together }) => together?.item),
    );
  }
}
