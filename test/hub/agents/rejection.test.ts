// Agents that are rejected when they connect are recorded and logged, however often they try.
import { expect, test } from 'bun:test';
import type { AuditEntry } from '../../../src/protocol/audit.ts';
import { startTestHub, type TestHub } from '../../support/hub/hub.ts';
import {
  type AgentConnectFields,
  connectAgent,
  openAgent,
  openOtherInstance,
} from '../../support/hub/scripted-agent.ts';

const MINUTE_MS = 60_000;

async function connectRejected(hub: TestHub, fields: AgentConnectFields) {
  const agent = await openAgent(hub);
  agent.sendConnect(fields);
  expect(await agent.closed).toMatchObject({ code: 1008 });
}

/** The entries of rejected agents, oldest first. */
async function listEntries(hub: TestHub): Promise<AuditEntry[]> {
  await hub.flush();
  const { items } = await hub.store.audit.listPage({ limit: 200, action: 'agent.rejected' });
  return items.toReversed();
}

const listLogged = (hub: TestHub) =>
  hub.logEntries
    .filter(({ message }) => message === 'Rejected agents.')
    .map(({ fields }) => fields);

test('a wrong token and an unknown ID are recorded with the address, but without the token', async () => {
  await using hub = await startTestHub();
  await hub.addAgent();
  await connectRejected(hub, { token: 'sba_wrong' });
  await connectRejected(hub, { agentId: 'unknown', token: 'sba_wrong' });
  const entry = { actorKind: 'agent', actor: null, credentialId: null, address: '127.0.0.1' };
  const detail = { reason: 'wrong_token', rejected: 1 };
  const entries = await listEntries(hub);
  expect(entries).toMatchObject([
    { ...entry, target: 'agent', detail },
    { ...entry, target: null, detail },
  ]);
  expect(JSON.stringify([entries, hub.logEntries])).not.toContain('sba_wrong');
  expect(listLogged(hub)).toMatchObject([
    { agentId: 'agent', address: '127.0.0.1', reason: 'wrong_token', count: 1 },
    { address: '127.0.0.1', reason: 'wrong_token', count: 1 },
  ]);
});

test('an agent with a valid token that is rejected is recorded with the ID of the token', async () => {
  await using hub = await startTestHub();
  const first = await connectAgent(hub);
  await connectRejected(hub, { token: first.token, agentType: 'gemini' });
  const other = await openOtherInstance(hub, first);
  await first.ping();
  expect(await other.closed).toEqual({ code: 1008, reason: 'agent_in_use' });
  const [token] = hub.hub.agentTokens.list(
    { userId: 'root', role: 'admin', agents: null },
    'agent',
  );
  const entry = { actor: 'agent', credentialId: token?.id, address: '127.0.0.1', target: 'agent' };
  expect(await listEntries(hub)).toMatchObject([
    { ...entry, detail: { reason: 'wrong_type', rejected: 1 } },
    { ...entry, detail: { reason: 'agent_in_use', rejected: 1 } },
  ]);
});

test('repeated attempts are counted in one entry and one log line per minute', async () => {
  await using hub = await startTestHub();
  await hub.addAgent();
  const countEntries = async () => (await listEntries(hub)).map(({ detail }) => detail.rejected);
  for (let i = 0; i < 50; i++) await connectRejected(hub, { token: 'sba_wrong' });
  expect(await countEntries()).toEqual([1]);
  hub.clock.advance(MINUTE_MS);
  expect(await countEntries()).toEqual([1, 49]);
  await connectRejected(hub, { token: 'sba_wrong' });
  hub.clock.advance(MINUTE_MS);
  expect(await countEntries()).toEqual([1, 49, 1]);
  hub.clock.advance(2 * MINUTE_MS);
  await connectRejected(hub, { token: 'sba_wrong' });
  expect(await countEntries()).toEqual([1, 49, 1, 1]);
  expect(listLogged(hub)).toHaveLength(4);
});

test('a rejection that cannot be stored is logged', async () => {
  await using hub = await startTestHub();
  hub.store.fail((call) => call === 'audit.insert');
  await connectRejected(hub, { agentId: 'unknown', token: 'sba_wrong' });
  await hub.flush();
  expect(hub.logEntries.map(({ message }) => message)).toContain(
    'Could not write to the audit log.',
  );
});
