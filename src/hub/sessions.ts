// The sessions of signed-in users. They are kept in memory, so that the end of a session has an immediate effect, and in
// the store, so that they survive a restart.
import { HubError } from '../protocol/errors.ts';
import { createPendingWrites } from '../store/pending-writes.ts';
import type { StoredSession, StoredUser } from '../store/store.ts';
import type { AuditActor } from './audit.ts';
import type { HubContext } from './context.ts';
import type { Dashboards, SessionEnd } from './dashboards/dashboards.ts';
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
  {
    store,
    clock,
    storeHealth,
    audit,
  }: Pick<HubContext, 'store' | 'clock' | 'storeHealth' | 'audit'>,
  dashboards: Pick<Dashboards, 'endSessions'>,
) {
  const byId = new Map<string, StoredSession>();
  const writes = createPendingWrites();

  /** Why a session has ended on another hub, or is about to; null if it is valid. */
  async function outdatedReason(session: StoredSession): Promise<SessionEnd | null> {
    // A hub without others ends the sessions of a user itself when it changes the user.
    return store.cluster ? compareAccess(session, await store.users.find(session.userId)) : null;
  }

  /** Closes the dashboards of sessions that are outdated, or that another hub has ended. */
  async function closeDashboards(sessions: Iterable<StoredSession>, hasEnded: boolean) {
    for (const session of sessions) {
      const reason = (await outdatedReason(session)) ?? (hasEnded ? 'revoked' : null);
      if (reason !== null) dashboards.endSessions(new Set([session.id]), reason);
    }
  }

  /** Removes sessions, from the store as soon as it accepts writes. */
  function remove(actor: AuditActor | 'system', ended: readonly StoredSession[]) {
    if (ended.length === 0) return;
    const ids = ended.map(({ id }) => id);
    for (const id of ids) byId.delete(id);
    const entries = ended.map(({ id, userId }) =>
      audit.createEntry(actor, {
        action: 'session.end',
        target: userId,
        detail: { sessionId: id },
      }),
    );
    void writes.during(
      ids,
      storeHealth.retry(() => store.sessions.remove(ids, entries)),
    );
  }

  function end(actor: AuditActor, ended: readonly StoredSession[], reason?: SessionEnd) {
    remove(actor, ended);
    dashboards.endSessions(new Set(ended.map(({ id }) => id)), reason);
  }

  const filter = (isWanted: (session: StoredSession) => boolean) =>
    [...byId.values()].filter(isWanted);

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
      const actor = { userId, sessionId: session.id, address };
      const entry = audit.createEntry(actor, { action: 'session.start', target: userId });
      const write = writes.during([session.id], store.sessions.insert(session, entry));
      await storeHealth.save(write, 'Could not save the session. Try again.');
      byId.set(session.id, session);
      return toIdentity(session);
    },
    /** Returns the user of a session, and records that it was used; null if it has ended or expired. */
    async use(id: string): Promise<Identity | null> {
      const session = byId.get(id);
      if (!session || (await outdatedReason(session)) !== null) return null;
      const now = clock.now();
      if (!byId.has(id) || session.expiresAt <= now) return null;
      if (now - session.lastSeenAt >= TOUCH_MS) {
        session.lastSeenAt = now;
        store.sessions.touch(id, now).catch(storeHealth.reportFailure);
      }
      return toIdentity(session);
    },
    /** Lists the sessions of a user, oldest first. */
    list: (userId: string) => filter((session) => session.userId === userId),
    /**
     * Ends a session of the user, and closes its dashboards.
     * @throws {HubError} not_found
     */
    end(actor: Actor, id: string) {
      const session = byId.get(id);
      if (session?.userId !== actor.userId) throw new HubError('not_found', 'Session not found.');
      end(actor, [session]);
    },
    /**
     * Ends all sessions of a user, and closes their dashboards.
     * @param actor who ends them
     * @param keptId a session that does not end
     */
    endAll: (
      actor: AuditActor,
      userId: string,
      { keptId, reason }: { keptId?: string | undefined; reason?: SessionEnd } = {},
    ) =>
      end(
        actor,
        filter((session) => session.userId === userId && session.id !== keptId),
        reason,
      ),
    /** Reads the sessions again, and closes the dashboards of those that other hubs have ended. */
    async reload() {
      const ended: StoredSession[] = [];
      const reloaded = await writes.reload<StoredSession>({
        async list() {
          const rows = await store.sessions.list();
          // After the sessions: what has ended a session is committed before its end.
          await store.users.reload?.();
          return rows;
        },
        idOf: ({ id }) => id,
        apply(rows, isGone) {
          ended.push(...filter(({ id }) => isGone(id)));
          for (const { id } of ended) byId.delete(id);
          for (const row of rows) {
            const known = byId.get(row.id);
            if (known) known.lastSeenAt = Math.max(known.lastSeenAt, row.lastSeenAt);
            else byId.set(row.id, row);
          }
        },
      });
      await closeDashboards(ended, true);
      return reloaded;
    },
    /** Closes the dashboards of sessions whose user has been changed by another hub since they began. */
    closeOutdated: () => closeDashboards([...byId.values()], false),
    /** Removes sessions that have expired or are outdated. The dashboards of expired ones close by themselves. */
    async purge() {
      const ended: StoredSession[] = [];
      for (const session of byId.values()) {
        const isOutdated = (await outdatedReason(session)) !== null;
        if (isOutdated || session.expiresAt <= clock.now()) ended.push(session);
      }
      remove(
        'system',
        ended.filter(({ id }) => byId.has(id)),
      );
    },
  };
}

/** Compares what a session allows with what its user may do. Returns why it has ended; null if it has not. */
function compareAccess(
  { role, agents }: StoredSession,
  user: StoredUser | undefined,
): SessionEnd | null {
  if (!user || user.disabledAt !== null) return 'revoked';
  return user.role === role && Bun.deepEquals(user.agents, agents) ? null : 'access_changed';
}

const toIdentity = ({ id, userId, role, agents, address, expiresAt }: StoredSession): Identity => ({
  sessionId: id,
  userId,
  role,
  agents,
  address,
  expiresAt,
});
