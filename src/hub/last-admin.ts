// At least one admin who can sign in with a password always remains.
import { HubError } from '../protocol/errors.ts';
import type { StoredUser } from '../store/store.ts';

/** Users with single sign-on do not count: the provider can fail, or change their role. */
export const isActiveAdmin = ({ role, disabledAt, identity }: StoredUser) =>
  role === 'admin' && disabledAt === null && identity === null;

/**
 * Checks that a user is not the last admin.
 * @throws {HubError} last_admin
 */
export function requireOtherAdmin(user: StoredUser, users: readonly StoredUser[]): void {
  const admins = users.filter((one) => isActiveAdmin(one));
  if (admins.length > 1 || admins[0]?.id !== user.id) return;
  const hasOthers = users.some(({ role, identity }) => role === 'admin' && identity !== null);
  throw new HubError(
    'last_admin',
    `"${user.id}" is the only admin${hasOthers ? ' without single sign-on' : ''}. Make another user an admin first.`,
  );
}
