// The SQLite store in threads of its own: one that writes, and one that reads committed data, so that a long query
// delays no write and a slow disk delays no query. The hub's event loop waits for neither.
import { isRead, type SharedStore } from './cluster.ts';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { describeDamage } from './integrity.ts';
import { createRemoteStore, startStoreThread } from './thread-client.ts';
import { cacheUsers } from './user-cache.ts';

/** Something that an operator should know. */
export interface StoreNotice {
  level: 'info' | 'error';
  message: string;
  reason?: string;
}

/** The tables of an earlier version are about to be changed. */
export const UPGRADE: StoreNotice = {
  level: 'info',
  message: 'Upgrading the database. This can take a minute.',
};

export interface ThreadedStore {
  store: SharedStore;
  /** Resolves with a description when the database turns out to be damaged. */
  damaged: Promise<string>;
  /** Resolves when a thread has ended without `close`. All its calls fail from then on. */
  failed: Promise<Error>;
}

/**
 * Opens the store in a file. After an unclean end, the file is checked for damage in the background.
 * @throws if the file is not a database or has a newer schema; it is left unchanged
 */
export async function openThreadedStore(
  file: string,
  onNotice: (notice: StoreNotice) => void = () => undefined,
): Promise<ThreadedStore> {
  /** A file that exists until the database has been checked. */
  const marker = `${file}.unchecked`;
  // SQLite removes the write-ahead log when the last connection is closed.
  const mustCheck = existsSync(`${file}-wal`) || existsSync(marker);
  const damaged = Promise.withResolvers<string>();
  const failed = Promise.withResolvers<Error>();
  const events = {
    onEnd: failed.resolve,
    onDamage(message: string) {
      writeFileSync(marker, '');
      damaged.resolve(message);
    },
    onUpgrade: () => onNotice(UPGRADE),
  };
  const writer = startStoreThread(events, true);
  const reader = startStoreThread(events);
  let stopCheck = () => {};

  async function check() {
    writeFileSync(marker, '');
    const checker = startStoreThread({ ...events, onEnd() {} });
    let isStopped = false;
    stopCheck = () => {
      isStopped = true;
      checker.terminate();
    };
    try {
      const damage = await checker.check(file);
      if (damage !== null) return events.onDamage(describeDamage(damage));
      rmSync(marker, { force: true });
      onNotice({ level: 'info', message: 'The database was checked and is intact.' });
    } catch (error) {
      const message = 'Could not check the database. It will be checked at the next start.';
      if (!isStopped) onNotice({ level: 'error', message, reason: String(error) });
    } finally {
      checker.terminate();
    }
  }

  async function close() {
    stopCheck();
    // The writer last: the last connection empties the write-ahead log and removes it.
    for (const thread of [reader, writer]) {
      await thread.invoke(null, 'close', []).catch(() => undefined);
      thread.terminate();
    }
  }

  try {
    const tables = await writer.open({ kind: 'sqlite', file, readonly: false });
    await reader.open({ kind: 'sqlite', file, readonly: true });
    // The connection of the reader rejects writes.
    const choose = (method: string) => (isRead(method) ? reader : writer);
    const store = createRemoteStore(tables, choose, close);
    const users = await cacheUsers(store.users);
    if (mustCheck) void check();
    return { store: { ...store, users }, damaged: damaged.promise, failed: failed.promise };
  } catch (error) {
    reader.terminate();
    writer.terminate();
    throw error;
  }
}
