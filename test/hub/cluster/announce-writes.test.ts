// Which writes of a hub the other hubs are told about.
import { expect, test } from 'bun:test';
import { announceWrites } from '../../../src/hub/cluster/announce-writes.ts';
import type { CachedTable } from '../../../src/store/cluster.ts';
import { openStore } from '../../../src/store/sqlite-store.ts';
import type {
  StoredAgent,
  StoredApiToken,
  StoredSession,
  StoredUser,
} from '../../../src/store/store.ts';
import { createFaultStore } from '../../support/hub/fault-store.ts';

const fields = { createdAt: 1, expiresAt: 9, lastUsedAt: null };
const user: StoredUser = {
  id: 'ada',
  passwordHash: null,
  role: 'admin',
  agents: null,
  createdAt: 1,
  disabledAt: null,
  twoFactor: { secret: 's', lastStep: 1, recoveryHashes: [] },
  identity: null,
};
const session: StoredSession = {
  id: 's1',
  userId: 'ada',
  role: 'admin',
  agents: null,
  createdAt: 1,
  expiresAt: 9,
  lastSeenAt: 1,
  address: null,
  userAgent: null,
};
const agent: StoredAgent = {
  agentId: 'build',
  agentType: 'claude',
  labels: [],
  createdAt: 1,
  createdBy: 'ada',
  connectionTime: null,
  lastHeartbeat: null,
  capabilities: [],
  paused: null,
};
const agentToken = {
  ...fields,
  id: 't1',
  tokenHash: 'h1',
  agentId: 'build',
  name: null,
  createdBy: 'ada',
};
const apiToken: StoredApiToken = {
  ...fields,
  id: 't2',
  tokenHash: 'h2',
  userId: 'ada',
  name: 'ci',
  scope: 'viewer',
  lastAddress: null,
};

test('each successful write names its tables, and a use names none', async () => {
  const announced: CachedTable[] = [];
  const faults = createFaultStore(openStore(':memory:'));
  const store = announceWrites(faults, (table) => announced.push(table));
  const { users, sessions, agents, agentTokens, apiTokens } = store;
  const steps: [() => Promise<unknown>, CachedTable[]][] = [
    [() => users.insert(user), ['users']],
    [() => users.update('ada', { role: 'viewer' }), ['users']],
    [() => users.replaceTwoFactor('ada', user.twoFactor!, user.twoFactor!), ['users']],
    [() => users.erase('eve', 'deleted user', 1), ['agents', 'agent_tokens']],
    [() => sessions.insert(session), ['sessions']],
    [() => sessions.touch('s1', 2), []],
    [() => sessions.remove(['s1']), ['sessions']],
    [() => agents.insert(agent, agentToken), ['agents', 'agent_tokens']],
    [() => agents.update('build', { connectionTime: 1, lastHeartbeat: 1, capabilities: [] }), []],
    [() => agents.update('build', { labels: ['gpu'] }), ['agents']],
    [() => agentTokens.insert({ ...agentToken, id: 't3', tokenHash: 'h3' }), ['agent_tokens']],
    [() => agentTokens.update('t3', { lastUsedAt: 2 }), []],
    [() => agentTokens.remove(['t3']), ['agent_tokens']],
    [() => agents.remove('build'), ['agents', 'agent_tokens']],
    [() => apiTokens.insert(apiToken), ['api_tokens']],
    [() => apiTokens.update('t2', { lastUsedAt: 2 }), []],
    [() => apiTokens.remove(['t2']), ['api_tokens']],
    [() => users.remove('ada'), ['users', 'api_tokens']],
  ];
  for (const [write, tables] of steps) {
    announced.length = 0;
    await write();
    expect(announced).toEqual(tables);
  }
  announced.length = 0;
  faults.fail(() => true);
  expect(await users.insert(user).catch(() => 'failed')).toBe('failed');
  expect(announced).toEqual([]);
  await store.close();
});
