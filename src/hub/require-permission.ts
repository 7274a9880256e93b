// The check of a user's permission, for every function of the hub that a user can call.
import { HubError } from '../protocol/errors.ts';
import { describeMissing, isPermitted, type Permission } from '../protocol/permissions.ts';
import type { Actor } from './state/dashboard.ts';

/** @throws {HubError} forbidden */
export function requirePermission({ role }: Pick<Actor, 'role'>, permission: Permission): void {
  if (!isPermitted(role, permission)) {
    throw new HubError('forbidden', describeMissing(role, permission));
  }
}
