// The log of connections. A failed write is logged and has no other effect.
import type { Clock } from '../protocol/clock.ts';
import type { Store, StoredConnection } from '../store/store.ts';
import type { Log } from './log.ts';

/** What is known about a connection when it opens. */
type OpenedConnection = Omit<
  StoredConnection,
  'connectedAt' | 'disconnectedAt' | 'closeCode' | 'closeReason'
>;

export type ConnectionLog = ReturnType<typeof createConnectionLog>;

/** @param hubId which hub the connections are to, if there are several */
export function createConnectionLog(
  { connections }: Store,
  clock: Clock,
  log: Log,
  hubId?: string,
) {
  function warnOnFailure(write: Promise<void>) {
    write.catch((error: unknown) => {
      log.warn('Could not write to the connection log.', { error });
    });
  }

  return {
    /** Records a new connection. */
    recordOpen(connection: OpenedConnection) {
      const open = { disconnectedAt: null, closeCode: null, closeReason: null };
      const opened = { ...connection, ...open, connectedAt: clock.now() };
      warnOnFailure(connections.insert(opened, hubId));
    },
    /** Records the end of a connection. */
    recordClose(id: string, code: number, reason: string) {
      warnOnFailure(connections.markClosed(id, clock.now(), code, reason));
    },
    /** Closes the entries that earlier runs of this hub, and hubs that have ended, left open. */
    async closeAll() {
      await connections.markAllClosed(clock.now(), 1006, 'hub_stopped').catch((error: unknown) => {
        log.warn('Could not write to the connection log.', { error });
      });
    },
    /** A page of entries, latest first. */
    list: (limit: number, cursor?: string) => connections.list(limit, cursor),
  };
}
