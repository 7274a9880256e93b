// User accounts: signing in with a password, and managing users. The first admin is created when the hub is set up.
import pLimit from 'p-limit';
import type { Role } from '../protocol/entities.ts';
import { HubError } from '../protocol/errors.ts';
import type { Grants } from '../protocol/grants.ts';
import type { PasswordBody, UserBody, UserChanges, UserSummary } from '../protocol/users.ts';
import type { StoredUser } from '../store/store.ts';
import type { HubContext } from './context.ts';
import { createPasswordHasher, type PasswordCost } from './password-hash.ts';
import { createPasswordLinks } from './password-links.ts';
import { requirePermission } from './require-permission.ts';
import type { Sessions } from './sessions.ts';
import type { Actor, Identity } from './state/dashboard.ts';

export function createAccounts(
  { store, clock, storeHealth }: Pick<HubContext, 'store' | 'clock' | 'storeHealth'>,
  sessions: Pick<Sessions, 'list' | 'endAll'>,
  passwordCost?: PasswordCost,
) {
  const passwords = createPasswordHasher(passwordCost);
  const links = createPasswordLinks(clock);
  /** Changes run one at a time, so that two of them cannot remove the last two admins. */
  const oneAtATime = pLimit(1);

  const isActiveAdmin = ({ role, disabledAt }: StoredUser) =>
    role === 'admin' && disabledAt === null;

  function toSummary({
    id,
    passwordHash,
    role,
    agents,
    createdAt,
    disabledAt,
  }: StoredUser): UserSummary {
    const seen = sessions.list(id).map(({ lastSeenAt }) => lastSeenAt);
    return {
      username: id,
      role,
      agents,
      createdAt,
      disabledAt,
      hasPassword: passwordHash !== null,
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
  });

  async function find(username: string): Promise<StoredUser> {
    const user = await store.users.find(username);
    if (!user) throw new HubError('user_unknown', `User "${username}" not found.`);
    return user;
  }

  /** Throws if a user is the only admin who can sign in. */
  async function requireOtherAdmin(user: StoredUser) {
    const admins = (await store.users.list()).filter((one) => isActiveAdmin(one));
    if (admins.length > 1 || admins[0]?.id !== user.id) return;
    throw new HubError(
      'last_admin',
      `"${user.id}" is the only admin. Make another user an admin first.`,
    );
  }

  async function save(write: Promise<void>) {
    try {
      await write;
    } catch (error) {
      storeHealth.reportFailure(error);
      throw new HubError('unavailable', 'Could not save the change. Try again.');
    }
  }

  /** Stores a new password, and ends the links and the other sessions of the user. */
  async function setPassword(username: string, password: string, sessionId?: string) {
    await save(store.users.update(username, { passwordHash: await passwords.hash(password) }));
    links.revoke(username);
    sessions.endAll(username, sessionId);
  }

  return {
    /** Whether at least one account exists. */
    exist: async () => (await store.users.list()).length > 0,
    /**
     * Returns the user if name and password are correct and the user is not disabled, null otherwise.
     * @throws {HubError} unavailable
     */
    async authenticate(username: string, password: string): Promise<Actor | null> {
      const user = await store.users.find(username);
      const isCorrect = await passwords.verify(password, user?.passwordHash ?? null);
      if (!user || !isCorrect || user.disabledAt !== null) return null;
      return toActor(user);
    },
    /**
     * Creates the first account, `admin`.
     * @throws {HubError} forbidden if an account exists
     */
    async createFirstAdmin(password: string): Promise<Actor> {
      const passwordHash = await passwords.hash(password);
      return oneAtATime(async () => {
        if ((await store.users.list()).length > 0) {
          throw new HubError('forbidden', 'An admin account already exists.');
        }
        const admin = createUser('admin', 'admin', null);
        await store.users.insert({ ...admin, passwordHash });
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
     * @throws {HubError} forbidden, user_exists, unavailable
     */
    add(actor: Actor, { username, role, agents = null }: UserBody): Promise<UserSummary> {
      requirePermission(actor, 'users:manage');
      return oneAtATime(async () => {
        if (await store.users.find(username)) {
          throw new HubError('user_exists', `A user "${username}" already exists.`);
        }
        const user = createUser(username, role, agents);
        await save(store.users.insert(user));
        return toSummary(user);
      });
    },
    /**
     * Changes the role or the agents of a user, or disables or enables the user. This ends the user's sessions.
     * @throws {HubError} forbidden, user_unknown, last_admin, unavailable
     */
    change(actor: Actor, username: string, changes: UserChanges): Promise<UserSummary> {
      requirePermission(actor, 'users:manage');
      return oneAtATime(async () => {
        const user = await find(username);
        const isDisabled = changes.disabled ?? user.disabledAt !== null;
        const disabledAt = isDisabled ? (user.disabledAt ?? clock.now()) : null;
        const { role = user.role, agents = user.agents } = changes;
        const changed = { ...user, role, agents, disabledAt };
        if (!isActiveAdmin(changed)) await requireOtherAdmin(user);
        await save(store.users.update(username, { role, agents, disabledAt }));
        if (isDisabled) links.revoke(username);
        const isSame = role === user.role && Bun.deepEquals(agents, user.agents);
        if (isDisabled || !isSame) sessions.endAll(username);
        return toSummary(changed);
      });
    },
    /**
     * Removes a user. What the user did stays in the history.
     * @throws {HubError} forbidden, user_unknown, last_admin, unavailable
     */
    remove(actor: Actor, username: string): Promise<void> {
      requirePermission(actor, 'users:manage');
      return oneAtATime(async () => {
        await requireOtherAdmin(await find(username));
        await save(store.users.remove(username));
        links.revoke(username);
        sessions.endAll(username);
      });
    },
    /**
     * Creates the token of a link with which a user chooses a password.
     * @throws {HubError} forbidden, user_unknown
     */
    async createPasswordLink(actor: Actor, username: string) {
      requirePermission(actor, 'users:manage');
      const user = await find(username);
      if (user.disabledAt !== null) {
        throw new HubError('forbidden', `"${username}" is disabled. Enable the user first.`);
      }
      return links.create(username);
    },
    /** The user of a password link; undefined if it is invalid, used or expired. */
    findLinkUser: links.find,
    /**
     * Sets the password of a link's user, which ends the link. Returns the user, or null if the link is not valid.
     * @throws {HubError} unavailable
     */
    async redeemLink(token: string, password: string): Promise<Actor | null> {
      const username = links.find(token);
      if (username === undefined) return null;
      // Before the password is stored, so that a link that is used twice at once works only once.
      links.revoke(username);
      const user = await store.users.find(username);
      if (!user || user.disabledAt !== null) return null;
      await setPassword(username, password);
      return toActor(user);
    },
    /**
     * Changes the user's own password, which ends the user's other sessions.
     * @returns false if the current password is incorrect
     * @throws {HubError} unavailable
     */
    async changePassword(
      { userId, sessionId }: Identity,
      { currentPassword, newPassword }: PasswordBody,
    ): Promise<boolean> {
      const user = await store.users.find(userId);
      if (!(await passwords.verify(currentPassword, user?.passwordHash ?? null))) return false;
      await setPassword(userId, newPassword, sessionId);
      return true;
    },
  };
}
