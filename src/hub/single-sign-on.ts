// Single sign-on: users whom an identity provider has authenticated. The provider decides their roles, too.
import { Value } from '@sinclair/typebox/value';
import type { LimitFunction } from 'p-limit';
import { hasRole, type Role } from '../protocol/entities.ts';
import { HubError } from '../protocol/errors.ts';
import { Username } from '../protocol/users.ts';
import type { StoredIdentity } from '../store/store.ts';
import type { ApiTokens } from './api-tokens.ts';
import { refreshUsers } from './cluster/refresh-users.ts';
import type { HubContext } from './context.ts';
import type { Sessions } from './sessions.ts';
import type { Actor } from './state/dashboard.ts';

/** Which role a user of the identity provider gets. The highest one of the user's groups wins. */
export interface RoleRules {
  /** By group. */
  roles: Readonly<Record<string, Role>>;
  /** The role of users without such a group; null lets none of them in. */
  defaultRole: Role | null;
}

/** A user as the identity provider describes the user. */
export interface ProviderUser extends StoredIdentity {
  /** In lowercase; '' if the provider sends none. */
  username: string;
  groups: readonly string[];
}

function findRole({ roles, defaultRole }: RoleRules, groups: readonly string[]): Role | null {
  const granted = groups.flatMap((group) => (Object.hasOwn(roles, group) ? [roles[group]] : []));
  return granted.reduce<Role | null>(
    (highest, role) => (role && (!highest || hasRole(role, highest)) ? role : highest),
    defaultRole,
  );
}

interface SingleSignOnParts {
  sessions: Pick<Sessions, 'endAll'>;
  apiTokens: Pick<ApiTokens, 'refreshUser' | 'removeUser'>;
  /** Shared with the other changes of accounts. */
  oneAtATime: LimitFunction;
}

export function createSingleSignOn(
  {
    store,
    clock,
    storeHealth,
    audit,
  }: Pick<HubContext, 'store' | 'clock' | 'storeHealth' | 'audit'>,
  { sessions, apiTokens, oneAtATime }: SingleSignOnParts,
) {
  return {
    /** Whether a user signs in with single sign-on. */
    hasUser: async (username: string) => Boolean((await store.users.find(username))?.identity),
    /**
     * Returns the user for a session, and adds or updates the account. An account is recognized by issuer and subject,
     * never by its name.
     * @throws {HubError} forbidden if the user may not sign in; unavailable
     */
    signIn: (
      { issuer, subject, username, groups }: ProviderUser,
      rules: RoleRules,
      address: string | null,
    ): Promise<Actor> =>
      oneAtATime(async () => {
        await storeHealth.save(refreshUsers(store), 'Cannot read the users. Try again.');
        const users = await store.users.list();
        const user = users.find(
          ({ identity }) => identity?.issuer === issuer && identity.subject === subject,
        );
        const by = { userId: user?.id ?? null, address };
        const refuse = (message: string): never => {
          audit.recordFailure(by, {
            action: 'session.failed',
            detail: { method: 'single sign-on' },
          });
          throw new HubError('forbidden', message);
        };
        const role = findRole(rules, groups);
        if (role === null) {
          if (user) {
            sessions.endAll(by, user.id);
            apiTokens.removeUser(user.id);
          }
          return refuse('You are not in a group that can use this hub. Ask an admin.');
        }
        if (user) {
          if (user.disabledAt !== null) {
            return refuse(`The user "${user.id}" is disabled. Ask an admin.`);
          }
          if (user.role !== role) {
            const event = { action: 'user.changed', target: user.id, detail: { role } } as const;
            const entry = audit.createEntry(by, event);
            await storeHealth.save(store.users.update(user.id, { role }, entry));
            sessions.endAll(by, user.id, { reason: 'access_changed' });
            apiTokens.refreshUser(user.id);
          }
          return { userId: user.id, role, agents: user.agents };
        }
        if (users.length === 0) {
          return refuse("Open the setup link from the hub's log first.");
        }
        const isUsername: boolean = Value.Check(Username, username);
        if (!isUsername) {
          return refuse(
            `Your name "${username}" cannot be used as a username. Ask an admin of your identity provider.`,
          );
        }
        if (users.some(({ id }) => id === username)) {
          return refuse(
            `Another account has the username "${username}". Ask an admin to remove it, then sign in again.`,
          );
        }
        const added = {
          id: username,
          passwordHash: null,
          role,
          agents: null,
          createdAt: clock.now(),
          disabledAt: null,
          twoFactor: null,
          identity: { issuer, subject },
        };
        const entry = audit.createEntry(
          { userId: username, address },
          { action: 'user.added', target: username, detail: { role, method: 'single sign-on' } },
        );
        await storeHealth.save(store.users.insert(added, entry));
        return { userId: username, role, agents: null };
      }),
  };
}
