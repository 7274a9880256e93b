// The check of a user's permission, for every function of the hub that a user can call.
import { HubError } from '../protocol/errors.ts';
import {
  describeMissing,
  describeMissingSession,
  isPermitted,
  needsSession,
  type Permission,
} from '../protocol/permissions.ts';
import type { Actor } from './state/dashboard.ts';

type User = Pick<Actor, 'role' | 'apiTokenId'>;

/** Explains why a user does not have a permission; null if the user has it. */
export function explainMissing(user: User, permission: Permission): string | null {
  if (!isPermitted(user.role, permission)) return describeMissing(user.role, permission);
  const isMissingSession = user.apiTokenId !== undefined && needsSession(permission);
  return isMissingSession ? describeMissingSession(permission) : null;
}

/** @throws {HubError} forbidden */
export function requirePermission(user: User, permission: Permission): void {
  const explanation = explainMissing(user, permission);
  if (explanation !== null) throw new HubError('forbidden', explanation);
}
