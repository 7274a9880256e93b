// What each role may do (docs/protocol.md, "Roles"). This is the only table of permissions: every message, route and
// fragment refers to it.
import type { DashboardToHub } from './dashboard-to-hub.ts';
import { hasRole, type Role } from './entities.ts';

/**
 * The role that each permission requires, and what it allows, to complete "You cannot …". `needsSession`: API tokens do not
 * have it, so that a stolen one cannot create more.
 */
const permissions = {
  'hub:read': { role: 'viewer', action: 'see agents and commands' },
  'account:manage': { role: 'viewer', action: 'manage your account', needsSession: true },
  'commands:send': { role: 'operator', action: 'send commands' },
  'commands:interrupt': { role: 'operator', action: 'interrupt commands' },
  'output:delete': { role: 'operator', action: 'delete output' },
  'queue:manage': { role: 'operator', action: 'change the queue' },
  'terminals:type': { role: 'operator', action: 'type into terminals' },
  'approvals:respond': { role: 'operator', action: 'respond to approval requests' },
  'changes:revert': { role: 'operator', action: 'revert files' },
  'agents:manage': { role: 'admin', action: 'manage agents' },
  'users:manage': { role: 'admin', action: 'manage users', needsSession: true },
  'audit:read': { role: 'admin', action: 'read the audit log' },
  'hubs:read': { role: 'admin', action: 'see the hubs' },
} as const satisfies Record<string, { role: Role; action: string; needsSession?: true }>;

export type Permission = keyof typeof permissions;

/** The permission that each message of a dashboard requires. */
export const messagePermissions: Record<DashboardToHub['type'], Permission> = {
  'dashboard:connect': 'hub:read',
  'terminal:attach': 'hub:read',
  'terminal:detach': 'hub:read',
  'command:request': 'commands:send',
  'command:interrupt': 'commands:interrupt',
  'command:change': 'queue:manage',
  'command:cancel': 'queue:manage',
  'command:restore': 'queue:manage',
  'agent:pause': 'queue:manage',
  'agent:resume': 'queue:manage',
  'command:input': 'terminals:type',
  'terminal:resize': 'terminals:type',
  'approval:respond': 'approvals:respond',
};

/** Whether a role includes a permission. */
export function isPermitted(role: Role, permission: Permission): boolean {
  return hasRole(role, permissions[permission].role);
}

/** Explains to a user why a permission is missing. */
export function describeMissing(role: Role, permission: Permission): string {
  const { role: required, action } = permissions[permission];
  return `You cannot ${action}. Your role is ${role}; this requires the role ${required}.`;
}

/** Whether a user must be signed in: an API token is not enough. */
export function needsSession(permission: Permission): boolean {
  return 'needsSession' in permissions[permission];
}

/** Explains why an API token does not have a permission. */
export function describeMissingSession(permission: Permission): string {
  return `You cannot ${permissions[permission].action} with an API token. Sign in instead.`;
}
