// Who may use each route. A route that is not listed does not exist: it responds with 404, whatever its handler does.
import { Memoirist } from 'memoirist';
import type { Permission } from '../protocol/permissions.ts';

/** `anyone` includes people who are not signed in. */
export type Access = 'anyone' | Permission;

export const routeAccess: Readonly<Record<string, Access>> = {
  'GET /healthz': 'anyone',
  'GET /assets/:file': 'anyone',
  'GET /favicon.ico': 'anyone',

  // Sockets authenticate with their first message.
  'GET /ws/agent': 'anyone',
  'GET /ws/dashboard': 'anyone',

  'GET /login': 'anyone',
  'POST /login': 'anyone',
  'POST /logout': 'anyone',
  'GET /login/oidc': 'anyone',
  'GET /login/oidc/callback': 'anyone',
  'GET /setup': 'anyone',
  'POST /setup': 'anyone',
  'GET /password': 'anyone',
  'POST /password': 'anyone',

  'POST /api/v1/session': 'anyone',
  'GET /api/v1/session': 'account:manage',
  'DELETE /api/v1/session': 'anyone',
  'GET /api/v1/sessions': 'account:manage',
  'DELETE /api/v1/sessions': 'account:manage',
  'DELETE /api/v1/sessions/:id': 'account:manage',
  'PUT /api/v1/account/password': 'account:manage',
  'GET /api/v1/token': 'hub:read',
  'GET /api/v1/account/tokens': 'account:manage',
  'POST /api/v1/account/tokens': 'account:manage',
  'DELETE /api/v1/account/tokens/:id': 'account:manage',
  'GET /api/v1/users': 'users:manage',
  'POST /api/v1/users': 'users:manage',
  'PATCH /api/v1/users/:username': 'users:manage',
  'DELETE /api/v1/users/:username': 'users:manage',
  'DELETE /api/v1/users/:username/data': 'users:manage',
  'POST /api/v1/users/:username/password-link': 'users:manage',
  'GET /api/v1/agents': 'hub:read',
  'POST /api/v1/agents': 'agents:manage',
  'GET /api/v1/agents/:agentId': 'hub:read',
  'PATCH /api/v1/agents/:agentId': 'agents:manage',
  'DELETE /api/v1/agents/:agentId': 'agents:manage',
  'GET /api/v1/agents/:agentId/tokens': 'agents:manage',
  'POST /api/v1/agents/:agentId/tokens': 'agents:manage',
  'DELETE /api/v1/agents/:agentId/tokens/:id': 'agents:manage',
  // Requires the agent's token.
  'GET /api/v1/agents/:agentId/token': 'anyone',
  'GET /api/v1/commands': 'hub:read',
  'POST /api/v1/commands': 'commands:send',
  'GET /api/v1/commands/:id': 'hub:read',
  'GET /api/v1/commands/:id/output': 'hub:read',
  'DELETE /api/v1/commands/:id/output': 'output:delete',
  'POST /api/v1/commands/:id/interrupt': 'commands:interrupt',
  'POST /api/v1/comparisons': 'commands:send',
  'GET /api/v1/approvals': 'hub:read',
  'GET /api/v1/approvals/:approvalId': 'hub:read',
  'POST /api/v1/approvals/:approvalId': 'approvals:respond',
  'GET /api/v1/audit': 'audit:read',

  'GET /account': 'account:manage',
  'POST /account/password': 'account:manage',
  'GET /account/two-factor': 'account:manage',
  'POST /account/two-factor': 'account:manage',
  'POST /account/two-factor/setup': 'account:manage',
  'POST /account/two-factor/off': 'account:manage',
  'POST /account/sessions/end': 'account:manage',
  'POST /account/sessions/:id/end': 'account:manage',
  'GET /account/tokens': 'account:manage',
  'POST /account/tokens': 'account:manage',
  'POST /account/tokens/:id/revoke': 'account:manage',
  'GET /dialogs/add-api-token': 'account:manage',
  'GET /users': 'users:manage',
  'POST /users': 'users:manage',
  'GET /users/list': 'users:manage',
  'GET /dialogs/add-user': 'users:manage',
  'GET /users/:username/manage': 'users:manage',
  'POST /users/:username/access': 'users:manage',
  'POST /users/:username/disable': 'users:manage',
  'POST /users/:username/enable': 'users:manage',
  'POST /users/:username/password-link': 'users:manage',
  'POST /users/:username/reset-two-factor': 'users:manage',
  'POST /users/:username/remove': 'users:manage',

  'GET /audit': 'audit:read',
  'GET /audit/list': 'audit:read',
  'GET /audit/older': 'audit:read',
  'GET /audit.csv': 'audit:read',

  'GET /': 'hub:read',
  'GET /agents': 'hub:read',
  'POST /agents': 'agents:manage',
  'GET /dialogs/add-agent': 'agents:manage',
  'GET /agents/:id': 'hub:read',
  'GET /agents/:id/live': 'hub:read',
  'GET /agents/:id/older': 'hub:read',
  'POST /agents/:id/commands': 'commands:send',
  'GET /agents/:id/labels': 'agents:manage',
  'POST /agents/:id/labels': 'agents:manage',
  'GET /agents/:id/remove': 'agents:manage',
  'POST /agents/:id/remove': 'agents:manage',
  'GET /agents/:id/tokens': 'agents:manage',
  'POST /agents/:id/tokens': 'agents:manage',
  'POST /agents/:id/tokens/:tokenId/revoke': 'agents:manage',
  'GET /history': 'hub:read',
  'GET /history/list': 'hub:read',
  'GET /history/older': 'hub:read',
  'GET /commands/:id': 'hub:read',
  'GET /commands/:id/live': 'hub:read',
  'GET /commands/:id/again': 'commands:send',
  'POST /commands/:id/again': 'commands:send',
  'GET /commands/:id/lines': 'hub:read',
  'GET /commands/:id/output.txt': 'hub:read',
  'GET /commands/:id/output.log': 'hub:read',
  'GET /commands/:id/turn': 'hub:read',
  'POST /commands/:id/interrupt': 'commands:interrupt',
  'POST /commands/:id/output/delete': 'output:delete',
  'GET /compare': 'hub:read',
  'POST /compare': 'commands:send',
  'GET /compare/agents': 'hub:read',
  'GET /compare/recent': 'hub:read',
  'GET /compare/:id': 'hub:read',
  'GET /compare/:id/live': 'hub:read',
  'GET /approvals': 'hub:read',
  'GET /approvals/list': 'hub:read',
  'GET /approvals/:id/detail': 'hub:read',
  'POST /approvals': 'approvals:respond',
};

/** Creates a lookup with Elysia's router, so that both choose the same route. */
export function createRouteAccess(): (method: string, pathname: string) => Access | undefined {
  const router = new Memoirist<Access>();
  for (const [route, access] of Object.entries(routeAccess)) {
    const [method = '', path = ''] = route.split(' ');
    router.add(method, path, access);
    if (path !== '/') router.add(method, `${path}/`, access);
  }
  return (method, pathname) => router.find(method === 'HEAD' ? 'GET' : method, pathname)?.store;
}
