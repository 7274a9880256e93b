// Every action of operators and admins, tried on the compiled hub by everybody who must not take it. The cases come from the
// hub's own tables, so that a new route or message cannot be forgotten.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { hasRole, type Role } from '../../src/protocol/entities.ts';
import { isPermitted, messagePermissions } from '../../src/protocol/permissions.ts';
import { routeAccess } from '../../src/web/route-access.ts';
import { addUser } from '../support/accounts.ts';
import { addAgent, signInToApi, startHubBinary } from '../support/binary.ts';
import { sendApprovalRequest } from '../support/hub/approvals.ts';
import { openDashboard } from '../support/hub/dashboard.ts';
import { openAgent } from '../support/hub/scripted-agent.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
let hub: Awaited<ReturnType<typeof startHubBinary>>;
let wsUrl: string;
let admin: Record<string, string>;
let agent: Awaited<ReturnType<typeof openAgent>>;
/** Valid values of all fields and parameters. Without a check of the role, most actions would have an effect. */
let fields: Record<string, string | number>;
const tokens = new Map<Role, string>();
beforeAll(async () => {
  hub = await startHubBinary(join(folder.path, 'data'));
  wsUrl = hub.url.replace('http', 'ws');
  admin = await signInToApi(hub.url);
  for (const role of ['viewer', 'operator'] as const) {
    tokens.set(role, await addUser(hub.url, admin, role, role));
  }
  agent = await openAgent({ wsUrl });
  agent.sendConnect({ token: await addAgent(hub.url, 'agent', 'claude', admin) });
  await agent.waitFor('agent:welcome');
  const body = JSON.stringify({ agentId: 'agent', command: '!sleep' });
  const init = { method: 'POST', headers: admin, body };
  const accepted = await (await fetch(`${hub.url}/api/v1/commands`, init)).json();
  const { commandId } = accepted as { commandId: string };
  await agent.waitForExecute(commandId);
  agent.sendStarted(commandId);
  const { approvalId } = sendApprovalRequest({ agent }, commandId);
  await agent.ping();
  fields = {
    agentId: 'agent',
    agentType: 'claude',
    approvalId,
    cols: 80,
    command: '!evil',
    commandId,
    data: 'evil',
    optionId: 'yes',
    priority: 'high',
    role: 'admin',
    rows: 24,
    username: 'evil',
  };
});
afterAll(async () => {
  hub.kill('SIGTERM');
  await hub.exited;
  folder.remove();
});

/** What `:id` means in the routes of pages and of the API. */
const idFields: Record<string, string> = {
  agents: 'agentId',
  approvals: 'approvalId',
  commands: 'commandId',
};

/** Replaces the parameters of a route. */
function fillPath(path: string, username: string): string {
  return path.replaceAll(/(\w+)\/:(\w+)/g, (_, parent: string, name: string) => {
    const field = name === 'id' ? idFields[parent] : name;
    return `${parent}/${name === 'username' ? username : fields[field ?? '']}`;
  });
}

/** Sends a request of a role, as a program and as a browser do. Returns how it was answered. */
async function request(method: string, path: string, role: Role | null) {
  const isApi = path.startsWith('/api/');
  const token = role ? tokens.get(role) : null;
  const response = await fetch(hub.url + path, {
    method,
    redirect: 'manual',
    headers: {
      'content-type': isApi ? 'application/json' : 'application/x-www-form-urlencoded',
      ...(token &&
        (isApi ? { authorization: `Bearer ${token}` } : { cookie: `signalbox=${token}` })),
      // Without a session, htmx would get a 200 with the address of the sign-in page.
      ...(token && !isApi && { 'hx-request': 'true' }),
    },
    body:
      method === 'GET' || method === 'HEAD'
        ? null
        : isApi
          ? JSON.stringify(fields)
          : new URLSearchParams(
              Object.entries(fields).map(([name, value]) => [name, String(value)]),
            ),
  });
  await response.body?.cancel();
  const location = response.headers.get('location');
  return location?.startsWith('/login') ? 'sign-in' : response.status;
}

/** Reads what the actions would change. */
async function readState() {
  const read = async (path: string) =>
    (await (await fetch(`${hub.url}/api/v1/${path}`, { headers: admin })).json()) as {
      items: Record<string, unknown>[];
    };
  const users = (await read('users')).items.map(({ username, role, disabledAt }) => ({
    username,
    role,
    disabledAt,
  }));
  const agents = (await read('agents')).items.map(({ agentId, labels, queueLength, status }) => ({
    agentId,
    labels,
    queueLength,
    status,
  }));
  const commands = (await read('commands')).items.map(({ id, status }) => ({ id, status }));
  return { users, agents, commands, approvals: (await read('approvals')).items };
}

describe.each<Role | null>([null, 'viewer', 'operator'])(
  'privilege escalation: the role %p',
  (role) => {
    const routes = Object.entries(routeAccess).filter(
      ([, access]) => access !== 'anyone' && !(role && isPermitted(role, access)),
    );

    test('no route with a higher role responds or has an effect', async () => {
      const before = await readState();
      expect(routes.length).toBeGreaterThan(20);
      for (const [route] of routes) {
        const [method = '', pattern = ''] = route.split(' ');
        const methods = method === 'GET' ? ['GET', 'HEAD'] : [method];
        for (const username of [role ?? 'admin', 'admin']) {
          const path = fillPath(pattern, username);
          for (const target of [path, `${path}/`, `${path}?role=admin`]) {
            for (const used of methods) {
              const denied = role ? 403 : path.startsWith('/api/') ? 401 : 'sign-in';
              const answer = await request(used, target === '//' ? '/' : target, role);
              expect([used, target, answer]).toEqual([used, target, denied]);
            }
          }
        }
      }
      expect(await readState()).toEqual(before);
    });
  },
);

describe.each<Role>(['viewer', 'operator'])('privilege escalation: the socket of %s', (role) => {
  test('rejects every message that requires a higher role', async () => {
    const dashboard = await openDashboard({ wsUrl });
    const clientInfo = { userAgent: 'test', timezone: 'UTC' };
    dashboard.send({ type: 'dashboard:connect', token: tokens.get(role) ?? '', clientInfo });
    await dashboard.waitFor('dashboard:welcome');
    const received = agent.received.length;
    const codes = new Map<string, string[]>();
    for (const type of Object.keys(messagePermissions)) {
      if (type === 'dashboard:connect') continue;
      const requestId = crypto.randomUUID();
      const earlier = dashboard.ofType('error').length;
      dashboard.sendFrame(JSON.stringify({ ...fields, type, version: '1.0.0', requestId }));
      await dashboard.ping();
      codes.set(
        type,
        dashboard
          .ofType('error')
          .slice(earlier)
          .map(({ code }) => code),
      );
      // The effects of what an operator may do are not of interest.
      if (role === 'operator') expect(codes.get(type)).not.toContain('invalid_message');
    }
    for (const [type, permission] of Object.entries(messagePermissions)) {
      if (type === 'dashboard:connect') continue;
      const isAllowed = isPermitted(role, permission);
      expect([type, codes.get(type)?.includes('forbidden')]).toEqual([type, !isAllowed]);
    }
    if (!hasRole(role, 'operator')) {
      await agent.ping();
      expect(agent.received).toHaveLength(received);
    }
    dashboard.close();
  });
});

test("privilege escalation: nobody can end another user's session", async () => {
  const { sid } = JSON.parse(
    Buffer.from(admin['authorization']!.split('.')[1] ?? '', 'base64url').toString(),
  ) as { sid: string };
  for (const role of ['viewer', 'operator'] as const) {
    expect(await request('DELETE', `/api/v1/sessions/${sid}`, role)).toBe(404);
    expect(await request('POST', `/account/sessions/${sid}/end`, role)).toBe(422);
  }
  expect((await fetch(`${hub.url}/api/v1/agents`, { headers: admin })).status).toBe(200);
});
