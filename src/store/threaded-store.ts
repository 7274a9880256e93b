// The SQLite store in threads of its own: one that writes, and one that reads committed data, so that a long query
// delays no write and a slow disk delays no query. The hub's event loop waits for neither.
import { existsSync } from 'node:fs';
import { describeDamage } from './integrity.ts';
import type { Store } from './store.ts';
import { startStoreThread } from './thread-client.ts';

/** Methods with these names only read. */
const READS = /^(find|list|count)/;

export interface ThreadedStore {
  store: Store;
  /** Resolves with a description when the database turns out to be damaged. */
  damaged: Promise<string>;
  /** Resolves when a thread has ended without `close`. All calls fail from then on. */
  failed: Promise<Error>;
}

/**
 * Opens the store in a file. After an unclean end, the file is checked for damage in the background.
 * @throws if the file is not a database or has a newer schema; it is left unchanged
 */
export async function openThreadedStore(file: string): Promise<ThreadedStore> {
  // SQLite removes this file when the last connection is closed.
  const wasClosed = !existsSync(`${file}-wal`);
  const damaged = Promise.withResolvers<string>();
  const failed = Promise.withResolvers<Error>();
  const events = { onEnd: failed.resolve, onDamage: damaged.resolve };
  const writer = startStoreThread(events);
  const reader = startStoreThread(events);
  const close = async () => {
    // The writer last: the last connection empties the write-ahead log and removes it.
    for (const thread of [reader, writer]) {
      await thread.invoke(null, 'close', []).catch(() => undefined);
      thread.terminate();
    }
  };
  try {
    const tables = await writer.open(file, false);
    await reader.open(file, true);
    const forward = (table: string, methods: readonly string[]) =>
      Object.fromEntries(
        methods.map((method) => {
          const thread = READS.test(method) ? reader : writer;
          return [method, (...args: unknown[]) => thread.invoke(table, method, args)];
        }),
      );
    const store = {
      ...Object.fromEntries(
        Object.entries(tables).map(([table, methods]) => [table, forward(table, methods)]),
      ),
      probe: () => writer.invoke(null, 'probe', []),
      close,
    };
    if (!wasClosed) void checkInBackground(file, events);
    // The thread lists the methods of a Store, and the conformance suite calls each of them.
    return {
      store: store as unknown as Store,
      damaged: damaged.promise,
      failed: failed.promise,
    };
  } catch (error) {
    reader.terminate();
    writer.terminate();
    throw error;
  }
}

async function checkInBackground(file: string, { onDamage }: { onDamage(message: string): void }) {
  const thread = startStoreThread({ onEnd() {}, onDamage() {} });
  const damage = await thread.check(file).catch(() => null);
  thread.terminate();
  if (damage !== null) onDamage(describeDamage(damage));
}
