// The sessions of a user, as the API and the account page show them.
import type { Hub } from '../hub/hub.ts';
import type { Identity } from '../hub/state/dashboard.ts';
import type { SessionSummary } from '../protocol/api.ts';

/** Lists the user's own sessions, oldest first. */
export function listSessions(
  { sessions }: Pick<Hub, 'sessions'>,
  { userId, sessionId }: Identity,
): SessionSummary[] {
  return sessions
    .list(userId)
    .map(({ id, createdAt, expiresAt, lastSeenAt, address, userAgent }) => {
      const isCurrent = id === sessionId;
      return { id, createdAt, expiresAt, lastSeenAt, address, userAgent, isCurrent };
    });
}
