// What every Store implementation must do with the audit log.
import { describe, expect, test } from 'bun:test';
import type { AuditQuery } from '../../../src/protocol/audit.ts';
import type { StoredConnection } from '../../../src/store/store.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { approval, auditEntry, storedCommand } from '../../support/samples.ts';
import type { StoreUnderTest } from './store-under-test.ts';

export function describeAudit(db: StoreUnderTest) {
  describe('the audit log', () => {
    const connection: StoredConnection = {
      id: 'k',
      kind: 'dashboard',
      peer: 'ada',
      connectedAt: 15,
      disconnectedAt: null,
      closeCode: null,
      closeReason: null,
      clientInfo: { userAgent: 'x', timezone: 'UTC' },
      credentialId: 's1',
      address: '192.0.2.1',
    };
    const listIds = async (query: AuditQuery) =>
      (await db.store.audit.listPage(query)).items.map(({ id }) => id);

    test('keeps every field', async () => {
      const system = auditEntry({
        id: 'e2',
        actorKind: 'system',
        actor: null,
        credentialId: null,
        address: null,
        target: null,
        detail: {},
      });
      await db.store.audit.insert(auditEntry(), system);
      await db.reopen();
      expect(await db.store.audit.listPage({})).toEqual({
        items: [system, auditEntry()],
        nextCursor: null,
      });
    });

    test('includes the connection log', async () => {
      await db.store.audit.insert(auditEntry({ id: 'e1', time: 10 }));
      await db.store.audit.insert(auditEntry({ id: 'e2', time: 20 }));
      await db.store.connections.insert(connection);
      await db.store.connections.insert({ ...connection, id: 'l', kind: 'agent', peer: 'build' });
      await db.store.connections.markClosed('l', 30, 1006, 'silent');
      const source = { credentialId: 's1', address: '192.0.2.1', target: null };
      const socket = { ...source, actorKind: 'agent', actor: 'build' };
      expect((await db.store.audit.listPage({})).items).toMatchObject([
        {
          ...socket,
          id: 'l.closed',
          time: 30,
          action: 'socket.closed',
          detail: { code: 1006, reason: 'silent' },
        },
        { id: 'e2' },
        { ...socket, id: 'l.opened', time: 15, action: 'socket.opened' },
        {
          ...source,
          id: 'k.opened',
          actorKind: 'user',
          actor: 'ada',
          detail: connection.clientInfo,
        },
        { id: 'e1' },
      ]);
    });

    test.each<[AuditQuery, string[]]>([
      [{}, ['k.closed', 'e4', 'e3', 'k.opened', 'e2', 'e1']],
      [{ since: 20 }, ['k.closed', 'e4', 'e3']],
      [{ until: 20 }, ['k.opened', 'e2', 'e1']],
      [{ since: 15, until: 16 }, ['k.opened']],
      [{ actor: 'ada' }, ['k.closed', 'k.opened', 'e1']],
      [{ actor: 'bob', target: 'build' }, ['e2']],
      [{ action: 'agent.added' }, ['e2', 'e1']],
      [{ action: 'socket.opened' }, ['k.opened']],
      [{ action: 'socket.closed', actor: 'ada' }, ['k.closed']],
      [{ action: 'socket.closed', actor: 'bob' }, []],
      [{ target: 'other' }, ['e4']],
      [{ target: 'build', limit: 1 }, ['e2']],
    ])('filtered by %p', async (query, ids) => {
      const removed = { actor: 'bob', action: 'agent.removed' } as const;
      await db.store.audit.insert(
        auditEntry({ id: 'e1', time: 10 }),
        auditEntry({ id: 'e2', time: 10, actor: 'bob' }),
        auditEntry({ ...removed, id: 'e3', time: 20, target: null }),
        auditEntry({ ...removed, id: 'e4', time: 20, target: 'other' }),
      );
      await db.store.connections.insert(connection);
      await db.store.connections.markClosed('k', 25, 1000, '');
      expect(await listIds(query)).toEqual(ids);
    });

    test('is read a page at a time, also among entries of the same time', async () => {
      for (let i = 0; i < 5; i++) {
        await db.store.audit.insert(auditEntry({ id: `e${i}`, time: 10 + (i % 2) }));
        await db.store.connections.insert({ ...connection, id: `k${i}`, connectedAt: 10 });
        await db.store.connections.markClosed(`k${i}`, 10, 1000, '');
      }
      const all = await listIds({});
      expect(all).toHaveLength(15);
      for (const limit of [1, 2, 7, 15]) {
        const read: string[] = [];
        let cursor: string | null = null;
        do {
          const query = { limit, ...(cursor !== null && { cursor }) };
          const { items, nextCursor } = await db.store.audit.listPage(query);
          read.push(...items.map(({ id }) => id));
          cursor = nextCursor;
        } while (cursor !== null);
        expect(read).toEqual(all);
      }
    });

    test('stores an entry together with its action', async () => {
      const user = {
        id: 'ada',
        passwordHash: null,
        role: 'viewer',
        agents: null,
        createdAt: 1,
        disabledAt: null,
        twoFactor: null,
        identity: null,
      } as const;
      const session = {
        id: 's1',
        userId: 'ada',
        role: 'viewer',
        agents: null,
        createdAt: 1,
        expiresAt: 2,
        lastSeenAt: 1,
        address: null,
        userAgent: null,
      } as const;
      const agent = {
        agentId: 'a',
        agentType: 'codex',
        labels: [] as string[],
        createdAt: 1,
        createdBy: 'ada',
        connectionTime: null,
        lastHeartbeat: null,
        capabilities: [],
      } as const;
      const agentToken = {
        id: 't1',
        agentId: 'a',
        tokenHash: 'h',
        name: null,
        createdAt: 1,
        createdBy: 'ada',
        expiresAt: null,
        lastUsedAt: null,
      };
      let count = 0;
      const entry = () => auditEntry({ id: `e${10 + count++}` });
      await db.store.users.insert(user, entry());
      await db.store.users.update('ada', { role: 'admin' }, entry());
      await db.store.sessions.insert(session, entry());
      await db.store.sessions.remove(['s1'], [entry(), entry()]);
      await db.store.agents.insert(
        { ...agent, capabilities: [], paused: null },
        agentToken,
        entry(),
      );
      await db.store.agents.update('a', { paused: null }, entry());
      await db.store.agents.remove('a', entry());
      await db.store.commands.insert([storedCommand()], [entry()]);
      await db.store.commands.update('c1', { priority: 'high' }, entry());
      await db.store.approvals.insert(approval());
      await db.store.approvals.update('q1', { optionId: 'yes' }, entry());
      await db.store.users.remove('ada', entry());
      await db.reopen();
      expect(await listIds({})).toHaveLength(count);
    });

    test('stores neither the action nor the entry if one of them fails', async () => {
      await db.store.audit.insert(auditEntry());
      const taken = db.store.commands.insert(storedCommand({ id: '1' }), [auditEntry()]);
      expect(await rejectionOf(taken)).not.toBe('');
      await db.store.commands.insert(storedCommand({ id: '2' }));
      const repeated = db.store.commands.insert(storedCommand({ id: '2' }), [
        auditEntry({ id: 'e2' }),
      ]);
      expect(await rejectionOf(repeated)).not.toBe('');
      expect(await db.store.commands.find('1')).toBeUndefined();
      expect(await listIds({})).toEqual(['e1']);
    });
  });
}
