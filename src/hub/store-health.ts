// Tracks whether the store accepts writes, so that a full or failing disk is known before a command depends on it.
import { type Clock, wait } from '../protocol/clock.ts';
import { HubError } from '../protocol/errors.ts';
import { DISK_FULL_CODES, DUPLICATE_CODES, type Store, UNREACHABLE_CODE } from '../store/store.ts';
import type { Broadcast } from './broadcast.ts';
import { REQUEST_KNOWN_CODE } from '../store/cluster.ts';
import { runAttempts } from './cluster/attempts.ts';
import type { Log } from './log.ts';

const PROBE_MS = 5_000;
/** Delay before a failed write is retried. */
export const RETRY_MS = 1_000;

export type StoreHealth = ReturnType<typeof createStoreHealth>;

/** Whether something failed because the server of the database cannot be reached. */
export const isUnreachable = (error: unknown): boolean => codeOf(error) === UNREACHABLE_CODE;

/** Whether a row was not inserted because one with its key exists: another hub has inserted it. */
export const isDuplicate = (error: unknown): boolean => DUPLICATE_CODES.includes(codeOf(error));

/** Whether a user has requested a command with the same ID, perhaps on another hub. */
export const isRequestKnown = (error: unknown): boolean => codeOf(error) === REQUEST_KNOWN_CODE;

/** Reads from the store: again every second while its server cannot be reached. */
export async function readWhenReachable<T>(clock: Clock, read: () => Promise<T>): Promise<T> {
  while (true) {
    try {
      return await read();
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      await wait(clock, RETRY_MS);
    }
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

/**
 * Probes the store every 5 s; a probe that takes longer is a failure. Sends `hub:storage` to agents when writes start to
 * fail and when they succeed again.
 */
export function createStoreHealth(store: Store, clock: Clock, log: Log, broadcast: Broadcast) {
  /** Why writes fail. */
  let failure: string | null = null;
  let isDiskFull = false;
  /** Why the database is damaged. Never cleared: other damaged pages may not have been read yet. */
  let damage: string | null = null;
  let isProbing = false;
  /** How long the last successful probe took. */
  let lagMs: number | null = null;
  let nextFailure = Promise.withResolvers<void>();

  const isFailing = () => failure !== null || damage !== null;

  function setFailure(reason: string | null) {
    const wasFailing = isFailing();
    const hadFailure = failure !== null;
    failure = reason;
    if (reason === null) isDiskFull = false;
    if (hadFailure === (reason !== null)) return;
    if (reason !== null) {
      nextFailure.resolve();
      log.error('Cannot write to the database. New commands are rejected until it recovers.', {
        reason,
      });
    } else {
      nextFailure = Promise.withResolvers();
      log.info('Writes to the database succeed again.');
    }
    if (wasFailing !== isFailing()) broadcastFailing();
  }

  const broadcastFailing = () => broadcast.toAgents({ type: 'hub:storage', failing: isFailing() });

  function reportFailure(error: unknown) {
    isDiskFull ||= DISK_FULL_CODES.includes(codeOf(error));
    const reason = error instanceof Error ? error.message : String(error);
    setFailure(isUnreachable(error) ? reason : `Cannot write to the database: ${reason}`);
  }

  const stop = clock.every(PROBE_MS, () => {
    if (isProbing) return setFailure(`The database has not responded for ${PROBE_MS / 1_000} s.`);
    isProbing = true;
    const start = clock.monotonic();
    store
      .probe()
      .then(() => {
        lagMs = Math.round(clock.monotonic() - start);
        setFailure(null);
      }, reportFailure)
      .finally(() => (isProbing = false));
  });

  return {
    /** Why the store is failing; null while writes succeed and no damage is known. */
    failure: () => damage ?? failure,
    /** Why writes fail; null while they succeed. */
    writeFailure: () => failure,
    /** Whether writes fail because the disk is full. */
    isDiskFull: () => isDiskFull,
    /** How long the latest successful probe took, in milliseconds; null before it. */
    lagMs: () => lagMs,
    /** Resolves when writes fail; immediately if they already do. */
    whenFailing: () => nextFailure.promise,
    /** Records that a write failed. Cleared by the next successful probe. */
    reportFailure,
    /** Records that the database is damaged. New commands are rejected from then on. */
    reportDamage(reason: string) {
      if (damage !== null) return;
      const wasFailing = isFailing();
      damage = reason;
      log.error('The database is damaged. New commands are rejected.', { reason });
      if (!wasFailing) broadcastFailing();
    },
    /** `damaged` is final, and `failing` ends when writes succeed again. */
    status: () => (damage !== null ? 'damaged' : failure !== null ? 'failing' : 'ok'),
    /**
     * Waits for a write that a user waits for.
     * @throws {HubError} unavailable if it fails
     */
    async save(
      write: Promise<void>,
      message = 'Could not save the change. Try again.',
    ): Promise<void> {
      try {
        await write;
      } catch (error) {
        // Another hub was faster, and the user finds out with the next attempt.
        if (!isDuplicate(error)) reportFailure(error);
        throw new HubError('unavailable', message);
      }
    },
    /** Calls `write` every second until it succeeds, or until `isObsolete`. */
    retry: (write: () => Promise<void>, isObsolete = () => false): Promise<void> =>
      runAttempts(async () => {
        while (!isObsolete()) {
          try {
            return await write();
          } catch (error) {
            reportFailure(error);
            await wait(clock, RETRY_MS);
          }
        }
      }),
    stop,
  };
}
