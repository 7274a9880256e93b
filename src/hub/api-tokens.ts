// The API tokens of users, for scripts and CI (docs/protocol.md, "API token"). A token acts as its user, with at most the
// role of its scope.
import { hasRole, type Role } from '../protocol/entities.ts';
import { HubError } from '../protocol/errors.ts';
import { API_TOKEN_PREFIX, MAX_API_TOKEN_MS, MAX_API_TOKENS } from '../protocol/limits.ts';
import type {
  ApiTokenBody,
  ApiTokenSummary,
  CreatedApiToken,
  CurrentApiToken,
} from '../protocol/tokens.ts';
import type { StoredApiToken } from '../store/store.ts';
import type { HubContext } from './context.ts';
import type { Dashboards } from './dashboards/dashboards.ts';
import { requirePermission } from './require-permission.ts';
import type { Identity } from './state/dashboard.ts';
import { createTokenIndex } from './token-index.ts';

/** How far the clock of a client may be ahead when it asks for the longest validity. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

export type ApiTokens = ReturnType<typeof createApiTokens>;

export function createApiTokens(
  context: Pick<HubContext, 'state' | 'store' | 'clock' | 'storeHealth' | 'audit'>,
  dashboards: Pick<Dashboards, 'endSessions' | 'reconnectSessions'>,
) {
  const { state, store, clock, audit } = context;
  const index = createTokenIndex<StoredApiToken>(context, store.apiTokens, API_TOKEN_PREFIX);

  const listOf = (userId: string) => index.list((token) => token.userId === userId);
  const idsOf = (userId: string) => new Set(listOf(userId).map(({ id }) => id));

  /** @throws {HubError} invalid_message */
  function limitExpiry(expiresAt: number): number {
    const latest = clock.now() + MAX_API_TOKEN_MS;
    if (expiresAt > clock.now() && expiresAt <= latest + CLOCK_TOLERANCE_MS) {
      return Math.min(expiresAt, latest);
    }
    throw new HubError(
      'invalid_message',
      'The expiry must be in the future, and at most 365 days from now.',
    );
  }

  return {
    restore: index.restore,
    purge: index.purge,
    /** Reads the tokens again, and closes the dashboards of those that other hubs have revoked. */
    async reload() {
      const reloaded = await index.reload((revoked) =>
        dashboards.endSessions(new Set(revoked.map(({ id }) => id))),
      );
      // The user of a new token may be new, too.
      await store.users.reload?.();
      return reloaded;
    },
    /** Closes the dashboards of tokens whose user has been changed by another hub, as that hub does. */
    async closeOutdated() {
      for (const { sessionId, role, agents } of state.dashboards.values()) {
        const token = index.get(sessionId);
        if (!token) continue;
        const user = await store.users.find(token.userId);
        const ids = new Set([sessionId]);
        if (!user || user.disabledAt !== null) dashboards.endSessions(ids);
        else if (lowerRole(user.role, token.scope) !== role || !Bun.deepEquals(user.agents, agents))
          dashboards.reconnectSessions(ids);
      }
    },
    /**
     * Returns the user of a token, and records that it was used; null if it is not valid. The user is looked up each time, so
     * that changes have an immediate effect.
     * @param address where it is used from; null if that is not known
     */
    async use(secret: string, address: string | null): Promise<Identity | null> {
      const token = index.find(secret);
      const user = token && (await store.users.find(token.userId));
      if (!user || user.disabledAt !== null || !index.isValid(token.id)) return null;
      index.touch(token.id, address === null ? {} : { lastAddress: address });
      return {
        userId: user.id,
        role: lowerRole(user.role, token.scope),
        agents: user.agents,
        address: address ?? token.lastAddress,
        sessionId: token.id,
        expiresAt: token.expiresAt,
        apiTokenId: token.id,
      };
    },
    /**
     * Describes the token of a request.
     * @throws {HubError} not_found if the request has a session instead
     */
    describe({ apiTokenId, userId, role }: Identity): CurrentApiToken {
      const token = listOf(userId).find(({ id }) => id === apiTokenId);
      if (!token) throw new HubError('not_found', 'This request has no API token.');
      return { ...toSummary(token), userId, role };
    },
    /**
     * Lists the user's own tokens, oldest first.
     * @throws {HubError} forbidden
     */
    list(identity: Identity): ApiTokenSummary[] {
      requirePermission(identity, 'account:manage');
      return listOf(identity.userId).map((token) => toSummary(token));
    },
    /**
     * Adds a token. Its secret is returned once: only the hash is stored.
     * @throws {HubError} forbidden, invalid_message, token_limit, unavailable
     */
    async add(
      identity: Identity,
      { name, scope, ...body }: ApiTokenBody,
    ): Promise<CreatedApiToken> {
      requirePermission(identity, 'account:manage');
      const { userId, role } = identity;
      const expiresAt = limitExpiry(body.expiresAt);
      if (!hasRole(role, scope)) {
        throw new HubError('forbidden', `Your role is ${role}. A token cannot have a higher one.`);
      }
      if (listOf(userId).length >= MAX_API_TOKENS) {
        throw new HubError(
          'token_limit',
          `You already have ${MAX_API_TOKENS} tokens. Revoke one first.`,
        );
      }
      const { secret, fields } = index.issue();
      const token = { ...fields, userId, name, scope, expiresAt, lastAddress: null };
      const detail = { id: token.id, name, scope, expiresAt };
      await index.save(
        token,
        audit.createEntry(identity, { action: 'api_token.added', target: userId, detail }),
      );
      if (!(await store.users.find(userId))) {
        // The user was removed meanwhile, and so must be a token that was stored after that.
        index.revoke([token]);
        throw new HubError('not_authenticated', 'Your account was removed.');
      }
      return { ...toSummary(token), token: secret };
    },
    /**
     * Revokes one of the user's own tokens: it stops working at once, and its dashboards are closed.
     * @throws {HubError} forbidden, not_found
     */
    revoke(identity: Identity, id: string): void {
      requirePermission(identity, 'account:manage');
      const token = listOf(identity.userId).find((one) => one.id === id);
      if (!token) throw new HubError('not_found', 'Token not found.');
      const { userId: target, name, scope } = token;
      const detail = { id, name, scope };
      index.revoke(
        [token],
        audit.createEntry(identity, { action: 'api_token.revoked', target, detail }),
      );
      dashboards.endSessions(new Set([id]));
    },
    /** Closes the dashboards of a disabled user's tokens. The tokens work again if the user is enabled. */
    suspendUser: (userId: string) => dashboards.endSessions(idsOf(userId)),
    /** Makes the dashboards of a user's tokens reconnect with the user's new role and agents. */
    refreshUser: (userId: string) => dashboards.reconnectSessions(idsOf(userId)),
    /** Removes the tokens of a user who was removed, and closes their dashboards. */
    removeUser(userId: string) {
      const ids = idsOf(userId);
      index.revoke(listOf(userId));
      dashboards.endSessions(ids);
    },
  };
}

function lowerRole(a: Role, b: Role): Role {
  return hasRole(a, b) ? b : a;
}

function toSummary({ userId, tokenHash, ...summary }: StoredApiToken): ApiTokenSummary {
  return summary;
}
