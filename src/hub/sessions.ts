// The sessions of signed-in users. They are kept in memory, so that the end of a session has an immediate effect, and in
// the store, so that they survive a restart.
import { HubError } from '../protocol/errors.ts';
import type { StoredSession } from '../store/store.ts';
import type { HubContext } from './context.ts';
import type { Dashboards } from './dashboards/dashboards.ts';
import type { Actor, Identity } from './state/dashboard.ts';

export const SESSION_MS = 12 * 3_600_000;
/** How often the last use of a session is stored. */
const TOUCH_MS = 60_000;
const MAX_USER_AGENT_CHARACTERS = 256;

/** Where a user signs in from. */
export interface SessionClient {
  address: string | null;
  userAgent: string | null;
}

export type Sessions = ReturnType<typeof createSessions>;

export function createSessions(
  { store, clock, storeHealth }: Pick<HubContext, 'store' | 'clock' | 'storeHealth'>,
  dashboards: Pick<Dashboards, 'endSessions'>,
) {
  const byId = new Map<string, StoredSession>();

  /** Removes sessions, from the store as soon as it accepts writes. */
  function remove(ids: readonly string[]) {
    if (ids.length === 0) return;
    for (const id of ids) byId.delete(id);
    void storeHealth.retry(() => store.sessions.remove(ids));
  }

  function end(ids: readonly string[]) {
    remove(ids);
    dashboards.endSessions(new Set(ids));
  }

  const idsOf = (isWanted: (session: StoredSession) => boolean) =>
    [...byId.values()].filter(isWanted).map(({ id }) => id);

  return {
    /** Loads the sessions of an earlier run. */
    async restore() {
      for (const session of await store.sessions.list()) byId.set(session.id, session);
    },
    /**
     * Starts a session of 12 hours.
     * @throws {HubError} unavailable if it cannot be stored
     */
    async start(
      { userId, role, agents }: Actor,
      { address, userAgent }: SessionClient,
    ): Promise<Identity> {
      const now = clock.now();
      const session: StoredSession = {
        id: crypto.randomUUID(),
        userId,
        role,
        agents,
        createdAt: now,
        expiresAt: now + SESSION_MS,
        lastSeenAt: now,
        address,
        userAgent: userAgent?.slice(0, MAX_USER_AGENT_CHARACTERS) ?? null,
      };
      try {
        await store.sessions.insert(session);
      } catch (error) {
        storeHealth.reportFailure(error);
        throw new HubError('unavailable', 'Could not save the session. Try again.');
      }
      byId.set(session.id, session);
      return toIdentity(session);
    },
    /** Returns the user of a session, and records that it was used; null if it has ended or expired. */
    use(id: string): Identity | null {
      const session = byId.get(id);
      const now = clock.now();
      if (!session || session.expiresAt <= now) return null;
      if (now - session.lastSeenAt >= TOUCH_MS) {
        session.lastSeenAt = now;
        store.sessions.touch(id, now).catch(storeHealth.reportFailure);
      }
      return toIdentity(session);
    },
    /** Lists the sessions of a user, oldest first. */
    list: (userId: string) => [...byId.values()].filter((session) => session.userId === userId),
    /**
     * Ends a session of a user, and closes its dashboards.
     * @throws {HubError} not_found
     */
    end(userId: string, id: string) {
      if (byId.get(id)?.userId !== userId) throw new HubError('not_found', 'Session not found.');
      end([id]);
    },
    /** Ends all sessions of a user, and closes their dashboards. @param keptId a session that does not end */
    endAll: (userId: string, keptId?: string) =>
      end(idsOf((session) => session.userId === userId && session.id !== keptId)),
    /** Removes expired sessions. Their dashboards close by themselves. */
    purge: () => remove(idsOf(({ expiresAt }) => expiresAt <= clock.now())),
  };
}

const toIdentity = ({ id, userId, role, agents, expiresAt }: StoredSession): Identity => ({
  sessionId: id,
  userId,
  role,
  agents,
  expiresAt,
});
