// User accounts: signing in with a password, and managing users. The first admin is created when the hub is set up.
import type { LimitFunction } from 'p-limit';
import type { Role } from '../protocol/entities.ts';
import { HubError } from '../protocol/errors.ts';
import type { Grants } from '../protocol/grants.ts';
import type { PasswordBody, UserBody, UserChanges, UserSummary } from '../protocol/users.ts';
import type { StoredUser } from '../store/store.ts';
import type { AuditActor } from './audit.ts';
import type { ApiTokens } from './api-tokens.ts';
import { refreshUsers } from './cluster/refresh-users.ts';
import type { HubContext } from './context.ts';
import { requireGrantable } from './grants.ts';
import { isActiveAdmin, requireOtherAdmin } from './last-admin.ts';
import { networkOf } from './network.ts';
import { createPasswordHasher, type PasswordCost } from './password-hash.ts';
import { createPasswordLinks } from './password-links.ts';
import { requirePermission } from './require-permission.ts';
import type { Sessions } from './sessions.ts';
import { isDuplicate } from './store-health.ts';
import type { Actor, Identity } from './state/dashboard.ts';
import type { TwoFactor } from './two-factor.ts';

/** A user who has entered the correct password. */
export interface AuthenticatedUser extends Actor {
  /** Whether the user must also enter a code. */
  hasTwoFactor: boolean;
}

interface AccountsParts {
  sessions: Pick<Sessions, 'list' | 'endAll'>;
  apiTokens: Pick<ApiTokens, 'suspendUser' | 'refreshUser' | 'removeUser'>;
  twoFactor: Pick<TwoFactor, 'turnOff' | 'revoke' | 'verify'>;
  /** Changes run one at a time, so that two of them cannot remove the last two admins. */
  oneAtATime: LimitFunction;
}

export function createAccounts(
  {
    state,
    store,
    clock,
    storeHealth,
    audit,
    expiring,
  }: Pick<HubContext, 'state' | 'store' | 'clock' | 'storeHealth' | 'audit' | 'expiring'>,
  { sessions, apiTokens, twoFactor, oneAtATime }: AccountsParts,
  passwordCost?: PasswordCost,
) {
  const passwords = createPasswordHasher(passwordCost);
  const links = createPasswordLinks({ clock, expiring });

  function toSummary(user: StoredUser): UserSummary {
    const { id, passwordHash, role, agents, createdAt, disabledAt } = user;
    const seen = sessions.list(id).map(({ lastSeenAt }) => lastSeenAt);
    return {
      username: id,
      role,
      agents,
      createdAt,
      disabledAt,
      hasPassword: passwordHash !== null,
      hasTwoFactor: user.twoFactor !== null,
      hasSingleSignOn: user.identity !== null,
      lastSeenAt: seen.length === 0 ? null : Math.max(...seen),
    };
  }

  const toActor = ({ id, role, agents }: StoredUser): Actor => ({ userId: id, role, agents });

  const createUser = (id: string, role: Role, agents: Grants): StoredUser => ({
    id,
    passwordHash: null,
    role,
    agents,
    createdAt: clock.now(),
    disabledAt: null,
    twoFactor: null,
    identity: null,
  });

  const describeGrants = (agents: Grants) => agents?.join(',') ?? 'all';

  /**
   * Reads what other hubs have changed, before a decision that depends on it.
   * @throws {HubError} unavailable
   */
  const refresh = () => storeHealth.save(refreshUsers(store), 'Cannot read the users. Try again.');

  async function find(username: string): Promise<StoredUser> {
    const user = await store.users.find(username);
    if (!user) throw new HubError('user_unknown', `User "${username}" not found.`);
    return user;
  }

  /** Throws if a user's role and password are managed by the identity provider. */
  function requireLocal({ id, identity }: StoredUser) {
    if (identity === null) return;
    throw new HubError('forbidden', `"${id}" uses single sign-on. Change the user there.`);
  }

  const toAuthenticated = (user: StoredUser): AuthenticatedUser => ({
    ...toActor(user),
    hasTwoFactor: user.twoFactor !== null,
  });

  /** Ends everything with which a user can still finish a sign-in that has begun. */
  async function revokeSignIns(username: string) {
    await links.revoke(username);
    await twoFactor.revoke(username);
  }

  /** Stores a new password of the actor, and ends the links and the other sessions. */
  async function setPassword(actor: Actor, password: string, method: 'link' | 'password') {
    const { userId, sessionId } = actor;
    const passwordHash = await passwords.hash(password);
    const entry = audit.createEntry(actor, {
      action: 'password.changed',
      target: userId,
      detail: { method },
    });
    await storeHealth.save(store.users.update(userId, { passwordHash }, entry));
    sessions.endAll(actor, userId, { keptId: sessionId });
    await revokeSignIns(userId);
  }

  return {
    /** Whether at least one account exists. */
    exist: async () => (await store.users.list()).length > 0,
    /**
     * Returns the user if name and password are correct and the user is not disabled, null otherwise.
     * @param address where the user signs in from
     * @throws {HubError} unavailable
     */
    async authenticate(
      username: string,
      password: string,
      address: string | null,
    ): Promise<AuthenticatedUser | null> {
      const user = await store.users.find(username);
      const isCorrect = await passwords.verify(
        password,
        user?.passwordHash ?? null,
        networkOf(`${address}`),
      );
      if (user && isCorrect) {
        await refresh();
        const current = await store.users.find(username);
        const isSame = current?.passwordHash === user.passwordHash;
        if (current && isSame && current.disabledAt === null) return toAuthenticated(current);
      }
      // An unknown name is not recorded: it can be a password that was typed into the wrong field.
      audit.recordFailure({ userId: user?.id ?? null, address }, { action: 'session.failed' });
      return null;
    },
    /**
     * Creates the first account, `admin`.
     * @param creator who used the setup link; by default the operator of the hub
     * @throws {HubError} forbidden if an account exists
     */
    async createFirstAdmin(
      password: string,
      creator: AuditActor | 'system' = 'system',
    ): Promise<Actor> {
      const passwordHash = await passwords.hash(password);
      return oneAtATime(async () => {
        const exists = new HubError('forbidden', 'An admin account already exists.');
        await refresh();
        if ((await store.users.list()).length > 0) throw exists;
        const admin = createUser('admin', 'admin', null);
        const entry = audit.createEntry(creator, {
          action: 'user.added',
          target: admin.id,
          detail: { role: admin.role },
        });
        try {
          await store.users.insert({ ...admin, passwordHash }, entry);
        } catch (error) {
          if (!isDuplicate(error)) throw error;
          // Another hub was faster. Its account can sign in here at once.
          await refresh();
          throw exists;
        }
        return toActor(admin);
      });
    },
    /**
     * Lists all users by name.
     * @throws {HubError} forbidden
     */
    async list(actor: Actor): Promise<UserSummary[]> {
      requirePermission(actor, 'users:manage');
      return (await store.users.list()).map((user) => toSummary(user));
    },
    /**
     * Adds a user without a password: the user chooses one with a link.
     * @throws {HubError} forbidden, user_exists, agent_unknown, unavailable
     */
    add(actor: Actor, { username, role, agents = null }: UserBody): Promise<UserSummary> {
      requirePermission(actor, 'users:manage');
      return oneAtATime(async () => {
        await refresh();
        if (await store.users.find(username)) {
          throw new HubError('user_exists', `A user "${username}" already exists.`);
        }
        requireGrantable(state, agents, null);
        const user = createUser(username, role, agents);
        const entry = audit.createEntry(actor, {
          action: 'user.added',
          target: username,
          detail: { role, agents: describeGrants(agents) },
        });
        await storeHealth.save(store.users.insert(user, entry));
        return toSummary(user);
      });
    },
    /**
     * Changes the role or the agents of a user, disables or enables the user, or turns two-factor sign-in off. All but the
     * last end the user's sessions.
     * @throws {HubError} forbidden, user_unknown, agent_unknown, last_admin, unavailable
     */
    change(actor: Actor, username: string, changes: UserChanges): Promise<UserSummary> {
      requirePermission(actor, 'users:manage');
      return oneAtATime(async () => {
        await refresh();
        const user = await find(username);
        const isDisabled = changes.disabled ?? user.disabledAt !== null;
        const disabledAt = isDisabled ? (user.disabledAt ?? clock.now()) : null;
        const { role = user.role, agents = user.agents } = changes;
        if (role !== user.role) requireLocal(user);
        requireGrantable(state, agents, user.agents);
        const changed = { ...user, role, agents, disabledAt };
        if (!isActiveAdmin(changed)) requireOtherAdmin(user, await store.users.list());
        const entry = audit.createEntry(actor, {
          action: 'user.changed',
          target: username,
          detail: {
            ...(changes.role !== undefined && { role }),
            ...(changes.agents !== undefined && { agents: describeGrants(agents) }),
            ...(changes.disabled !== undefined && { disabled: isDisabled }),
            ...(changes.twoFactor !== undefined && { twoFactor: false }),
          },
        });
        await storeHealth.save(store.users.update(username, { role, agents, disabledAt }, entry));
        if (changes.twoFactor === false) await twoFactor.turnOff(username);
        const isSame = role === user.role && Bun.deepEquals(agents, user.agents);
        if (isDisabled) sessions.endAll(actor, username);
        else if (!isSame) sessions.endAll(actor, username, { reason: 'access_changed' });
        if (isDisabled) apiTokens.suspendUser(username);
        else if (!isSame) apiTokens.refreshUser(username);
        if (isDisabled) await revokeSignIns(username);
        return toSummary(await find(username));
      });
    },
    /**
     * Removes a user. What the user did stays in the history.
     * @throws {HubError} forbidden, user_unknown, last_admin, unavailable
     */
    remove(actor: Actor, username: string): Promise<void> {
      requirePermission(actor, 'users:manage');
      return oneAtATime(async () => {
        await refresh();
        requireOtherAdmin(await find(username), await store.users.list());
        const entry = audit.createEntry(actor, { action: 'user.removed', target: username });
        await storeHealth.save(store.users.remove(username, entry));
        sessions.endAll(actor, username);
        apiTokens.removeUser(username);
        await revokeSignIns(username);
      });
    },
    /**
     * Creates the token of a link with which a user chooses a password.
     * @throws {HubError} forbidden, user_unknown, unavailable
     */
    async createPasswordLink(actor: Actor, username: string) {
      requirePermission(actor, 'users:manage');
      const user = await find(username);
      requireLocal(user);
      if (user.disabledAt !== null) {
        throw new HubError('forbidden', `"${username}" is disabled. Enable the user first.`);
      }
      await audit.record(actor, { action: 'password.link_created', target: username });
      return links.create(username);
    },
    /** The user of a password link; undefined if it is invalid, used or expired. */
    findLinkUser: links.find,
    /**
     * Sets the password of a link's user, which ends the link. Returns the user, or null if the link is not valid.
     * @throws {HubError} unavailable
     */
    async redeemLink(
      token: string,
      password: string,
      address: string | null,
    ): Promise<AuthenticatedUser | null> {
      // Before the password is stored, so that a link that is used twice at once works only once.
      const username = await links.take(token);
      if (username === undefined) return null;
      const user = await store.users.find(username);
      if (!user || user.disabledAt !== null) return null;
      await setPassword({ ...toActor(user), address }, password, 'link');
      return toAuthenticated(user);
    },
    /**
     * Changes the user's own password, which ends the user's other sessions.
     * @returns false if the current password is incorrect
     * @throws {HubError} unavailable
     */
    async changePassword(
      identity: Identity,
      { currentPassword, newPassword }: PasswordBody,
    ): Promise<boolean> {
      const user = await store.users.find(identity.userId);
      if (!(await passwords.verify(currentPassword, user?.passwordHash ?? null, identity.userId))) {
        audit.recordFailure(identity, { action: 'password.rejected', target: identity.userId });
        return false;
      }
      await setPassword(identity, newPassword, 'password');
      return true;
    },
    /**
     * Turns the user's own two-factor sign-in off.
     * @returns false if the current password or the code is incorrect
     * @throws {HubError} unavailable
     */
    async turnOffTwoFactor(identity: Identity, password: string, code: string): Promise<boolean> {
      const { userId } = identity;
      const user = await store.users.find(userId);
      const isCorrect =
        (await passwords.verify(password, user?.passwordHash ?? null, userId)) &&
        (await twoFactor.verify(userId, code)) !== null;
      if (!isCorrect) {
        audit.recordFailure(identity, { action: 'password.rejected', target: userId });
        return false;
      }
      const event = {
        action: 'user.changed',
        target: userId,
        detail: { twoFactor: false },
      } as const;
      await twoFactor.turnOff(userId, audit.createEntry(identity, event));
      return true;
    },
  };
}
