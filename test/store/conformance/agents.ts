// The rules for Store.agents and Store.agentTokens.
import { describe, expect, test } from 'bun:test';
import type { StoredAgent, StoredAgentToken } from '../../../src/store/store.ts';
import { rejectionOf } from '../../support/rejection.ts';
import type { StoreUnderTest } from './store-under-test.ts';

const agent = {
  agentId: 'b',
  agentType: 'codex',
  labels: ['team'],
  createdAt: 1,
  createdBy: 'ada',
  connectionTime: null,
  lastHeartbeat: null,
  capabilities: [],
  paused: null,
} satisfies StoredAgent;

const token = {
  id: 't1',
  agentId: 'b',
  tokenHash: 'h',
  name: 'laptop',
  createdAt: 1,
  createdBy: 'ada',
  expiresAt: 100,
  lastUsedAt: 2,
} satisfies StoredAgentToken;

export function describeAgents(db: StoreUnderTest) {
  const listTokens = async () => (await db.store.agentTokens.list()).map(({ id }) => id);

  describe('agents', () => {
    test('updates only the given fields', async () => {
      await db.store.agents.insert(agent, token);
      const contact = {
        connectionTime: 5,
        lastHeartbeat: 6,
        capabilities: ['shell', '/review'],
        paused: { by: 'ada', at: 7, note: 'deploying' },
      };
      await db.store.agents.update('b', contact);
      await db.store.agents.update('unknown', contact);
      await db.reopen();
      expect(await db.store.agents.list()).toEqual([{ ...agent, ...contact }]);
    });

    test('lists agents by ID, and removes them with their tokens', async () => {
      await db.store.agents.insert(agent, token);
      await db.store.agents.insert(
        { ...agent, agentId: 'a' },
        { ...token, id: 't2', agentId: 'a' },
      );
      await db.reopen();
      expect((await db.store.agents.list()).map(({ agentId }) => agentId)).toEqual(['a', 'b']);
      await db.store.agents.remove('a');
      await db.store.agents.remove('unknown');
      await db.reopen();
      expect(await db.store.agents.list()).toEqual([agent]);
      expect(await listTokens()).toEqual(['t1']);
    });

    test('rejects a second agent with the same ID, and its token', async () => {
      await db.store.agents.insert(agent, token);
      const second = db.store.agents.insert({ ...agent, createdBy: 'bob' }, { ...token, id: 't2' });
      expect(await rejectionOf(second)).not.toBe('');
      expect(await db.store.agents.list()).toEqual([agent]);
      expect(await listTokens()).toEqual(['t1']);
    });
  });
}
