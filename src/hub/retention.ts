// Deletes history that is older than its retention. Each batch is one short write, so that deleting many rows does not
// delay other work.
import type { OutputPurge } from '../store/store.ts';
import type { HubContext } from './context.ts';
import { createCountedWarning } from './counted-warning.ts';

/** A batch takes a few milliseconds. Commands have the most indexes. */
const MAX_ROWS = 200;
const MAX_COMMANDS = 50;
/** What is made free in the file of the database when the disk is full. */
const FREE_BYTES = 64 * 1_048_576;

type Purge = (before: number, limit: number) => Promise<number>;

export type Retention = ReturnType<typeof createRetention>;

export function createRetention({
  store,
  clock,
  log,
  settings,
}: Pick<HubContext, 'store' | 'clock' | 'log' | 'settings'>) {
  const warnFailed = createCountedWarning(clock, log, 'Could not delete old history.');

  async function purgeAll(retentionMs: number | null, purge: Purge, limit: number) {
    if (retentionMs === null) return;
    const before = clock.now() - retentionMs;
    while ((await purge(before, limit)) === limit);
  }

  /** Deletes the output that a rule selects, slice by slice. */
  async function purgeOutput(rule: OutputPurge) {
    while (await store.output.purge(rule));
  }

  /** Output is deleted with its command at the latest. */
  async function purgeOldOutput() {
    const { transcriptRetentionMs, commandRetentionMs } = settings;
    const retentionMs = Math.min(transcriptRetentionMs ?? Infinity, commandRetentionMs ?? Infinity);
    const time = clock.now();
    if (Number.isFinite(retentionMs)) {
      const before = time - retentionMs;
      await purgeOutput({ reason: 'retention', before, limit: retentionMs, time });
    }
    await purgeOutput({ reason: 'quota', limit: settings.transcriptQuotaBytes, time });
    await purgeAll(settings.commandRetentionMs, store.commands.purgeBefore, MAX_COMMANDS);
  }

  async function purgeEverything() {
    // They start together: the first batches share a transaction.
    await Promise.all([
      purgeAll(settings.auditRetentionMs, store.audit.purgeBefore, MAX_ROWS),
      purgeAll(settings.connectionLogRetentionMs, store.connections.purgeBefore, MAX_ROWS),
      purgeOldOutput(),
    ]);
  }

  /** Creates a function that starts some work in the background, unless it is already running. */
  function createRunner(work: () => Promise<void>): () => void {
    let isRunning = false;
    let isRepeated = false;
    async function run() {
      do {
        isRepeated = false;
        await work();
      } while (isRepeated);
    }
    return () => {
      isRepeated = true;
      if (isRunning) return;
      isRunning = true;
      run()
        .catch((error: unknown) => warnFailed({ error }))
        .finally(() => (isRunning = false));
    };
  }

  return {
    /** Deletes everything that is too old, in the background. After a failure, the next call continues. */
    purge: createRunner(purgeEverything),
    /** Deletes the oldest output until the rest fits into its quota, and frees output that was deleted. */
    enforceQuota: createRunner(() =>
      purgeOutput({
        reason: 'quota',
        limit: settings.transcriptQuotaBytes,
        time: clock.now(),
      }),
    ),
    /** Deletes the oldest output after the disk was found to be full, so that new data fits into the file. */
    freeDisk: createRunner(() =>
      purgeOutput({ reason: 'disk', freeBytes: FREE_BYTES, time: clock.now() }),
    ),
  };
}
