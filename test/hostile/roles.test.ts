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

const clientInfo = { userAgent: 'test', timezone: 'UTC' };

const folder = createTemporaryFolder();
let hub: Awaited<ReturnType<typeof startHubBinary>>;
let wsUrl: string;
let admin: Record<string, string>;
let agent: Awaited<ReturnType<typeof openAgent>>;
let agentToken: string;
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
  agentToken = await addAgent(hub.url, 'agent', 'claude', admin);
  agent.sendConnect({ token: agentToken });
  await agent.waitFor('agent:welcome');
  const body = JSON.stringify({ agentId: 'agent', command: '!sleep' });
  const init = { method: 'POST', headers: admin, body };
  const accepted = await (await fetch(`${hub.url}/api/v1/commands`, init)).json();
  const { commandId } = accepted as { commandId: string };
  await agent.waitForExecute(commandId);
  agent.sendStarted(commandId);
  const { approvalId } = sendApprovalRequest({ agent }, commandId);
  // Nothing changes anymore once it is stored.
  while ((await readState()).approvals.length === 0);
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

type Credentials = { authorization: string } | { cookie: string };

/** Returns the credentials of a role, as a program and as a browser send them. */
function credentialsOf(role: Role | null, path: string): Credentials | null {
  const token = role ? tokens.get(role) : undefined;
  if (token === undefined) return null;
  return path.startsWith('/api/')
    ? { authorization: `Bearer ${token}` }
    : { cookie: `signalbox=${token}` };
}

/** Sends a request with all fields. Returns how it was answered. */
async function request(method: string, path: string, credentials: Credentials | null) {
  const isApi = path.startsWith('/api/');
  const response = await fetch(hub.url + path, {
    method,
    redirect: 'manual',
    headers: {
      'content-type': isApi ? 'application/json' : 'application/x-www-form-urlencoded',
      ...credentials,
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
              const requested = target === '//' ? '/' : target;
              const answer = await request(used, requested, credentialsOf(role, path));
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
      // It is stored a moment later, and must not be taken for an effect of what the next tests try.
      if (role === 'operator' && type === 'command:request') {
        await dashboard.waitFor('command:accepted');
      }
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

/** Every message of a dashboard, with valid fields. @param token of `dashboard:connect` */
const createMessages = (token: string) =>
  Object.keys(messagePermissions).map((type) => ({
    ...fields,
    type,
    version: '1.0.0',
    token,
    clientInfo,
    requestId: crypto.randomUUID(),
  }));

describe('privilege escalation: an agent', () => {
  test('no route accepts its token, neither as bearer token nor as cookie', async () => {
    const before = await readState();
    const routes = Object.entries(routeAccess).filter(([, access]) => access !== 'anyone');
    for (const [route] of routes) {
      const [method = '', pattern = ''] = route.split(' ');
      const path = fillPath(pattern, 'admin');
      const denied = path.startsWith('/api/') ? 401 : 'sign-in';
      const bearer = { authorization: `Bearer ${agentToken}` };
      const cookie = { cookie: `signalbox=${agentToken}` };
      for (const credentials of [bearer, cookie]) {
        const answer = await request(method, path, credentials);
        expect([route, credentials, answer]).toEqual([route, credentials, denied]);
      }
    }
    expect(await readState()).toEqual(before);
  });

  test('its socket accepts no message of a dashboard, not even with the token of an admin', async () => {
    const before = await readState();
    const received = agent.received.length;
    const messages = createMessages(admin['authorization']!.slice('Bearer '.length));
    for (const message of messages) agent.sendFrame(JSON.stringify(message));
    await agent.ping();
    const replies = agent.received.slice(received);
    expect(replies).toEqual(
      messages.map(() => expect.objectContaining({ type: 'error', code: 'invalid_message' })),
    );
    expect(await readState()).toEqual(before);
  });
});

describe('privilege escalation: nobody', () => {
  test.each(Object.keys(messagePermissions))(
    '%s as the first message closes the socket, without an effect',
    async (type) => {
      const before = await readState();
      const received = agent.received.length;
      // `dashboard:connect` as an agent: its token is no session.
      const message = createMessages(agentToken).find((one) => one.type === type);
      for (const open of [openDashboard, openAgent]) {
        const socket = await open({ wsUrl });
        socket.sendFrame(JSON.stringify(message));
        expect((await socket.closed).code).toBe(1008);
        expect(socket.received.filter((reply) => reply.type !== 'error')).toEqual([]);
      }
      await agent.ping();
      expect(agent.received).toHaveLength(received);
      expect(await readState()).toEqual(before);
    },
  );
});

test("privilege escalation: nobody can end another user's session", async () => {
  const { sid } = JSON.parse(
    Buffer.from(admin['authorization']!.split('.')[1] ?? '', 'base64url').toString(),
  ) as { sid: string };
  for (const role of ['viewer', 'operator'] as const) {
    const requestAs = (method: string, path: string) =>
      request(method, path, credentialsOf(role, path));
    expect(await requestAs('DELETE', `/api/v1/sessions/${sid}`)).toBe(404);
    expect(await requestAs('POST', `/account/sessions/${sid}/end`)).toBe(422);
  }
  expect((await fetch(`${hub.url}/api/v1/agents`, { headers: admin })).status).toBe(200);
});
