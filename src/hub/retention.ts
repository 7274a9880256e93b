// Deletes history that is older than its retention. Each batch is one short write, so that deleting many rows does not
// delay other work.
import type { HubContext } from './context.ts';

/** A batch takes a few milliseconds. Commands have the most indexes. */
const MAX_ROWS = 200;
const MAX_COMMANDS = 50;

type Purge = (before: number, limit: number) => Promise<number>;

export function createRetention({
  store,
  clock,
  log,
  settings,
}: Pick<HubContext, 'store' | 'clock' | 'log' | 'settings'>) {
  let isRunning = false;

  async function purgeAll(retentionMs: number | null, purge: Purge, limit: number) {
    if (retentionMs === null) return;
    const before = clock.now() - retentionMs;
    while ((await purge(before, limit)) === limit);
  }

  async function purgeEverything() {
    // They start together: the first batches share a transaction.
    await Promise.all([
      purgeAll(settings.auditRetentionMs, store.audit.purgeBefore, MAX_ROWS),
      purgeAll(settings.connectionLogRetentionMs, store.connections.purgeBefore, MAX_ROWS),
      purgeAll(settings.commandRetentionMs, store.commands.purgeBefore, MAX_COMMANDS),
    ]);
  }

  return {
    /** Deletes everything that is too old, in the background. After a failure, the next call continues. */
    purge(): void {
      if (isRunning) return;
      isRunning = true;
      purgeEverything()
        .catch((error: unknown) => log.warn('Could not delete old history.', { error }))
        .finally(() => (isRunning = false));
    },
  };
}
