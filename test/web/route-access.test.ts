// Every route and every message, tried by every role and by nobody. The cases are generated from the server's routes and
// the message schemas, so that a new one cannot be forgotten.
import { describe, expect, test } from 'bun:test';
import { dashboardToHub } from '../../src/protocol/dashboard-to-hub.ts';
import { hasRole, type Role } from '../../src/protocol/entities.ts';
import { messagePermissions, type Permission } from '../../src/protocol/permissions.ts';
import { type Access, routeAccess } from '../../src/web/route-access.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { startTestHub, type TestHub } from '../support/hub/hub.ts';
import { startHubWithAdmin } from './helpers.ts';

const roles: Role[] = ['viewer', 'operator', 'admin'];

/** The role that each permission requires, written out so that a change of the table fails here. */
const requiredRoles: Record<Permission, Role> = {
  'hub:read': 'viewer',
  'account:manage': 'viewer',
  'commands:send': 'operator',
  'commands:interrupt': 'operator',
  'output:delete': 'operator',
  'queue:manage': 'operator',
  'terminals:type': 'operator',
  'approvals:respond': 'operator',
  'changes:revert': 'operator',
  'agents:manage': 'admin',
  'users:manage': 'admin',
  'audit:read': 'admin',
  'hubs:read': 'admin',
};

/** The permissions that API tokens do not have. */
const needSession = new Set<Access>(['account:manage', 'users:manage']);

/** Whether a response was denied: nobody is asked to sign in, a user gets 403. */
async function isDenied(hub: TestHub, route: string, role: Role | null): Promise<boolean> {
  const [method = '', path = ''] = route.split(' ');
  const token = role && (await hub.tokens.issueSession(await hub.startSession(role))).token;
  const response = await fetch(`${hub.url}${path.replaceAll(/:\w+/g, 'x')}`, {
    method,
    redirect: 'manual',
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
  });
  await response.body?.cancel();
  if (role !== null) return response.status === 403;
  const location = response.headers.get('location') ?? '';
  return response.status === 401 || (response.status === 303 && location.startsWith('/login'));
}

test('every route of the server is listed, and every listed route exists', async () => {
  await using hub = await startTestHub();
  expect(hub.routes().toSorted()).toEqual(Object.keys(routeAccess).toSorted());
});

describe('a route', () => {
  // These respond to nobody as they do to wrong credentials, or redirect to sign-in.
  const exceptions = new Set(['POST /login', 'POST /logout', 'GET /api/v1/agents/:agentId/token']);
  const routes = Object.entries(routeAccess).filter(([route]) => !exceptions.has(route));

  test.each(routes)('%s requires %s', async (route: string, access: Access) => {
    await using hub = await startTestHub();
    const isOpen = access === 'anyone';
    expect(await isDenied(hub, route, null)).toBe(!isOpen);
    for (const role of roles) {
      const isAllowed = isOpen || hasRole(role, requiredRoles[access]);
      expect([role, await isDenied(hub, route, role)]).toEqual([role, !isAllowed]);
    }
  });

  test.each(Object.entries(routeAccess).filter(([, access]) => access !== 'anyone'))(
    '%s (%s) accepts an API token only on the API, and not for the account and users',
    async (route: string, access: Access) => {
      await using hub = await startHubWithAdmin();
      const admin = await hub.startSession('admin', 'admin');
      const { token } = await hub.hub.apiTokens.add(admin, {
        name: 'all',
        scope: 'admin',
        expiresAt: hub.clock.now() + 60_000,
      });
      const [method = '', path = ''] = route.split(' ');
      const { status } = await fetch(`${hub.url}${path.replaceAll(/:\w+/g, 'x')}`, {
        method,
        redirect: 'manual',
        headers: { authorization: `Bearer ${token}` },
      });
      if (!path.startsWith('/api/')) expect(status).toBe(303);
      else if (needSession.has(access)) expect(status).toBe(403);
      else expect([401, 403]).not.toContain(status);
    },
  );

  test('that is written differently is still protected', async () => {
    await using hub = await startTestHub();
    for (const route of [
      'GET /api/v1/agents/',
      'HEAD /api/v1/agents',
      'GET //api/v1/agents',
      'GET /api//v1/agents',
      'GET /api/v1/%61gents',
      'GET /API/v1/agents',
      'POST /agents/',
      'OPTIONS /api/v1/agents',
      'PROPFIND /agents',
    ]) {
      expect([route, await isDenied(hub, route, null)]).toEqual([route, true]);
    }
  });
});

test('one user cannot send requests without limit, and does not slow down others', async () => {
  await using hub = await startTestHub();
  const call = (userId: string) => hub.callApi('GET', '/agents', { userId });
  const statuses = new Set<number>();
  for (let sent = 0; sent < 2_001; sent += 77) {
    const responses = await Promise.all(Array.from({ length: 77 }, () => call('ada')));
    for (const { status } of responses) statuses.add(status);
  }
  expect([...statuses]).toEqual([200, 429]);
  const rejected = await call('ada');
  expect([rejected.status, rejected.headers.get('retry-after')]).toEqual([429, '30']);
  expect((await call('bob')).status).toBe(200);
  hub.clock.advance(1_000);
  expect((await call('ada')).status).toBe(200);
});

describe('a message', () => {
  /** Messages with valid fields, without their version. */
  const bodies: Record<string, Record<string, unknown>> = {
    'terminal:attach': { commandId: 'x' },
    'terminal:detach': { commandId: 'x' },
    'command:request': { agentId: 'x', command: '!ls', priority: 'normal' },
    'command:interrupt': { commandId: 'x' },
    'command:change': { commandId: 'x', priority: 'low' },
    'command:cancel': { commandId: 'x' },
    'command:restore': { commandId: 'x' },
    'agent:pause': { agentId: 'x' },
    'agent:resume': { agentId: 'x' },
    'command:input': { commandId: 'x', data: 'y' },
    'terminal:resize': { commandId: 'x', cols: 80, rows: 24 },
    'approval:respond': { approvalId: 'x', optionId: 'y' },
  };
  const types = dashboardToHub
    .map(({ properties }) => properties.type.const)
    .filter((type) => type !== 'dashboard:connect');

  test.each(types)('%s requires its role', async (type) => {
    await using hub = await startTestHub();
    for (const role of roles) {
      const dashboard = await connectDashboard(hub, { role });
      dashboard.sendFrame(JSON.stringify({ type, version: '1.0.0', ...bodies[type] }));
      await dashboard.ping();
      const codes = dashboard.ofType('error').map(({ code }) => code as string);
      const isAllowed = hasRole(role, requiredRoles[messagePermissions[type]]);
      expect(codes).not.toContain('invalid_message');
      expect([role, codes.includes('forbidden')]).toEqual([role, !isAllowed]);
    }
  });

  test('cannot connect a dashboard without a session', async () => {
    await using hub = await startTestHub();
    for (const token of ['', 'nonsense', await hub.addAgent()]) {
      const failure = await connectDashboard(hub, { token }).catch(String);
      expect(failure).toContain('unauthenticated');
    }
  });
});
