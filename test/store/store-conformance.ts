// The behavior that every Store implementation must provide. Each implementation's test calls describeStore.
import { describe, expect, test } from 'bun:test';
import type {
  ApprovalQuery,
  StoredConnection,
  StoredSession,
  StoredUser,
} from '../../src/store/store.ts';
import { rejectionOf } from '../support/rejection.ts';
import { approval, chunk, storedCommand } from '../support/samples.ts';
import { describeAudit } from './conformance/audit.ts';
import { describeAgents } from './conformance/agents.ts';
import { describeCommandPages, describeCommands } from './conformance/commands.ts';
import { describeFileChanges } from './conformance/file-changes.ts';
import { describeOutput } from './conformance/output.ts';
import { describePrompts } from './conformance/prompts.ts';
import { describeSearch } from './conformance/search.ts';
import { describeTokens } from './conformance/tokens.ts';
import { describeTurns } from './conformance/turns.ts';
import {
  type MaybePromise,
  setUpStore,
  type TestDatabase,
} from './conformance/store-under-test.ts';

/** @param createDatabase creates an empty database; it is called once per test */
export function describeStore(name: string, createDatabase: () => MaybePromise<TestDatabase>) {
  describe(`${name} as a store`, () => {
    const db = setUpStore(createDatabase);

    describeCommands(db);
    describeCommandPages(db);
    describeOutput(db);
    describeSearch(db);
    describeFileChanges(db);
    describeAudit(db);
    describeAgents(db);
    describeTokens(db);
    describeTurns(db);
    describePrompts(db);

    describe('users', () => {
      const user = {
        id: 'bob',
        passwordHash: 'p',
        role: 'admin',
        agents: ['build', 'label:team'],
        createdAt: 1,
        disabledAt: 2,
        twoFactor: { secret: 's', lastStep: 3, recoveryHashes: ['h'] },
        identity: { issuer: 'https://sso.example', subject: 'x' },
      } satisfies StoredUser;

      test('inserts, finds, lists, updates and removes users', async () => {
        expect(await db.store.users.list()).toEqual([]);
        const ada = {
          ...user,
          id: 'ada',
          passwordHash: null,
          agents: null,
          disabledAt: null,
          twoFactor: null,
          identity: null,
        };
        await db.store.users.insert(user);
        await db.store.users.insert(ada);
        await db.reopen();
        expect(await db.store.users.find('bob')).toEqual(user);
        expect(await db.store.users.find('eve')).toBeUndefined();
        expect(await db.store.users.list()).toEqual([ada, user]);
        await db.store.users.update('ada', { passwordHash: 'q', role: 'viewer' });
        await db.store.users.update('eve', { role: 'admin' });
        await db.store.users.remove('bob');
        expect(await db.store.users.list()).toEqual([
          { ...ada, passwordHash: 'q', role: 'viewer' },
        ]);
      });

      test('replaces a second factor only if it is as expected', async () => {
        await db.store.users.insert(user);
        const { replaceTwoFactor } = db.store.users;
        const next = { ...user.twoFactor, lastStep: 4 };
        const results = await Promise.all([
          replaceTwoFactor('bob', user.twoFactor, next),
          replaceTwoFactor('bob', user.twoFactor, { ...next, lastStep: 5 }),
        ]);
        expect(results).toEqual([true, false]);
        expect(await replaceTwoFactor('eve', user.twoFactor, next)).toBe(false);
        await db.reopen();
        expect(await db.store.users.find('bob')).toEqual({ ...user, twoFactor: next });
      });

      test('rejects a second user with the same ID', async () => {
        await db.store.users.insert(user);
        expect(await rejectionOf(db.store.users.insert({ ...user, role: 'viewer' }))).not.toBe('');
        expect(await db.store.users.find('bob')).toEqual(user);
      });
    });

    describe('sessions', () => {
      const session = {
        id: 's1',
        userId: 'ada',
        role: 'operator',
        agents: ['build'],
        createdAt: 1,
        expiresAt: 100,
        lastSeenAt: 1,
        address: '192.0.2.1',
        userAgent: 'Firefox',
      } satisfies StoredSession;

      test('keeps every field, and updates the last use', async () => {
        const other = { ...session, id: 's2', createdAt: 2, address: null, userAgent: null };
        await db.store.sessions.insert(other);
        await db.store.sessions.insert(session);
        await db.store.sessions.touch('s1', 50);
        await db.store.sessions.touch('unknown', 50);
        await db.reopen();
        expect(await db.store.sessions.list()).toEqual([{ ...session, lastSeenAt: 50 }, other]);
      });

      test('removes sessions', async () => {
        for (const id of ['s1', 's2', 's3']) await db.store.sessions.insert({ ...session, id });
        await db.store.sessions.remove(['s1', 's3', 'unknown']);
        await db.store.sessions.remove([]);
        await db.reopen();
        expect((await db.store.sessions.list()).map(({ id }) => id)).toEqual(['s2']);
      });
    });

    describe('approvals', () => {
      const resolved = { outcome: 'selected', optionId: 'yes', resolvedBy: 'ada' } as const;

      test('keeps every field', async () => {
        const whole = approval({
          ...resolved,
          detail: '- a\n+ b',
          resolvedAt: 7,
          appliedAt: 8,
        });
        const pending = approval({ approvalId: 'q2', requestedAt: whole.requestedAt + 1 });
        await db.store.approvals.insert(whole);
        await db.store.approvals.insert(pending);
        await db.reopen();
        expect(await db.store.approvals.listByCommand('c1')).toEqual([whole, pending]);
        expect(await db.store.approvals.listByCommand('c2')).toEqual([]);
        expect(await rejectionOf(db.store.approvals.insert(whole))).not.toBe('');
      });

      test('lists the requests of a command, oldest first', async () => {
        await db.store.approvals.insert(approval({ approvalId: 'q1', requestedAt: 3 }));
        await db.store.approvals.insert(approval({ approvalId: 'q2', requestedAt: 1 }));
        await db.store.approvals.insert(approval({ approvalId: 'q3', commandId: 'c2' }));
        const listed = await db.store.approvals.listByCommand('c1');
        expect(listed.map(({ approvalId }) => approvalId)).toEqual(['q2', 'q1']);
      });

      test('lists and counts the first of a command, or only resolved ones', async () => {
        for (const [index, approvalId] of ['q1', 'q2', 'q3'].entries()) {
          await db.store.approvals.insert(approval({ approvalId, requestedAt: index }));
        }
        await db.store.approvals.update('q3', { ...resolved, resolvedAt: 7 });
        const ids = async (query: ApprovalQuery) =>
          (await db.store.approvals.listByCommand('c1', query)).map(({ approvalId }) => approvalId);
        expect(await ids({ limit: 2 })).toEqual(['q1', 'q2']);
        expect(await ids({ resolvedOnly: true })).toEqual(['q3']);
        expect(await db.store.approvals.countByCommand('c1', { limit: 2 })).toBe(3);
        expect(await db.store.approvals.countByCommand('c1', { resolvedOnly: true })).toBe(1);
        expect(await db.store.approvals.countByCommand('c2')).toBe(0);
      });

      test('lists resolved requests, the latest first', async () => {
        for (const [approvalId, agentId, resolvedAt] of [
          ['1', 'a', 20],
          ['2', 'b', 30],
          ['3', 'a', 10],
          ['4', 'a', null],
        ] as const) {
          const outcome = resolvedAt === null ? null : ('cancelled' as const);
          await db.store.approvals.insert(approval({ approvalId, agentId, resolvedAt, outcome }));
        }
        const list = async (agentIds: string[] | null, limit: number) =>
          (await db.store.approvals.listResolved(agentIds, limit)).map((one) => one.approvalId);
        expect(await list(null, 10)).toEqual(['2', '1', '3']);
        expect(await list(null, 2)).toEqual(['2', '1']);
        expect(await list(['a'], 10)).toEqual(['1', '3']);
        expect(await list([], 10)).toEqual([]);
      });

      test('stores a whole detail beside its excerpt', async () => {
        const excerpt = approval({ detail: 'first line', detailBytes: 22 });
        await db.store.approvals.insert(excerpt, 'first line\nsecond line');
        await db.reopen();
        expect(await db.store.approvals.listByCommand('c1')).toEqual([excerpt]);
        expect(await db.store.approvals.findDetail('q1')).toBe('first line\nsecond line');
        expect(await db.store.approvals.findDetail('unknown')).toBeUndefined();
        const repeated = db.store.approvals.insert(excerpt, 'other');
        expect(await rejectionOf(repeated)).not.toBe('');
        expect(await db.store.approvals.findDetail('q1')).toBe('first line\nsecond line');
      });

      test('finds a request by its ID', async () => {
        await db.store.approvals.insert(approval({ approvalId: 'q1' }));
        await db.store.approvals.update('q1', { ...resolved, resolvedAt: 7 });
        await db.reopen();
        expect(await db.store.approvals.find('q1')).toMatchObject({ ...resolved, resolvedAt: 7 });
        expect(await db.store.approvals.find('unknown')).toBeUndefined();
      });

      test('cancels pending requests except those of given commands', async () => {
        await db.store.approvals.insert(approval({ approvalId: 'q1', commandId: 'active' }));
        await db.store.approvals.insert(approval({ approvalId: 'q2', commandId: 'ended' }));
        await db.store.approvals.insert(approval({ approvalId: 'q3', commandId: 'ended' }));
        await db.store.approvals.update('q3', { ...resolved, resolvedAt: 7 });
        await db.store.approvals.cancelPendingExcept(['active'], 9);
        await db.reopen();
        expect(await db.store.approvals.find('q1')).toMatchObject({ outcome: null });
        expect(await db.store.approvals.find('q2')).toMatchObject({
          outcome: 'cancelled',
          resolvedAt: 9,
        });
        expect(await db.store.approvals.find('q3')).toMatchObject({ ...resolved, resolvedAt: 7 });
        await db.store.approvals.cancelPendingExcept([], 10);
        expect(await db.store.approvals.find('q1')).toMatchObject({ outcome: 'cancelled' });
      });
    });

    describe('connections', () => {
      const open: StoredConnection = {
        id: '1',
        kind: 'dashboard',
        peer: 'ada',
        connectedAt: 99,
        disconnectedAt: null,
        closeCode: null,
        closeReason: null,
        clientInfo: { userAgent: 'x', timezone: 'UTC' },
        credentialId: 's1',
        address: '192.0.2.1',
      };
      const closed = { disconnectedAt: 200, closeCode: 1001, closeReason: 'shutdown' };

      test('purges connections closed before a time, and keeps open ones', async () => {
        await db.store.connections.insert(open);
        await db.store.connections.insert({ ...open, id: '2', kind: 'agent', clientInfo: null });
        await db.store.connections.insert({ ...open, id: '3' });
        await db.store.connections.markClosed('2', 199, 1006, '');
        await db.store.connections.markClosed('3', 200, 1001, 'shutdown');
        expect(await db.store.connections.purgeBefore(200, 10)).toBe(1);
        await db.reopen();
        expect(await db.store.connections.list(10)).toEqual([
          { ...open, id: '3', ...closed },
          open,
        ]);
      });

      test('closes all open connections', async () => {
        await db.store.connections.insert(open);
        await db.store.connections.insert({ ...open, id: '2' });
        await db.store.connections.markClosed('2', 100, 1000, '');
        await db.store.connections.markAllClosed(200, 1001, 'shutdown');
        await db.reopen();
        expect(await db.store.connections.list(10)).toMatchObject([
          { id: '2', disconnectedAt: 100 },
          { id: '1', ...closed },
        ]);
      });

      test('lists pages of connections, latest first', async () => {
        for (const id of ['1', '2', '3']) await db.store.connections.insert({ ...open, id });
        await db.reopen();
        const idsOf = (page: StoredConnection[]) => page.map(({ id }) => id);
        expect(idsOf(await db.store.connections.list(2))).toEqual(['3', '2']);
        expect(idsOf(await db.store.connections.list(2, '2'))).toEqual(['1']);
      });
    });

    describe('writes', () => {
      test('are visible once they resolve', async () => {
        await db.store.output.append('1', [chunk()], 1, 0);
        expect(await db.store.output.listLatest('1', Infinity)).toHaveLength(1);
        await db.store.output.remove('1', 0, 'user');
        expect(await db.store.output.listLatest('1', Infinity)).toEqual([]);
      });

      test('take effect in call order when they are concurrent', async () => {
        await db.store.commands.insert(storedCommand({ id: '1' }));
        await Promise.all([
          ...Array.from({ length: 50 }, (_, attempt) => db.store.commands.update('1', { attempt })),
          db.store.output.append('1', [chunk()], 1, 0),
          db.store.output.remove('1', 0, 'user'),
          db.store.output.append('1', [chunk({ sequence: 1 })], 2, 0),
          db.store.output.completeExcept(['1'], 0),
          db.store.output.append('2', [chunk()], 1, 0),
        ]);
        expect(await db.store.commands.find('1')).toMatchObject({
          attempt: 49,
          agentNextSequence: 2,
        });
        expect(await db.store.output.listLatest('1', Infinity)).toEqual([chunk({ sequence: 1 })]);
        expect(await db.store.output.listLatest('2', Infinity)).toEqual([chunk()]);
      });

      test('reject only their own promise when they fail', async () => {
        const insert = (id: string) => db.store.commands.insert(storedCommand({ id }));
        const results = await Promise.allSettled(['1', '2', '1', '3'].map(insert));
        expect(results.map(({ status }) => status)).toEqual([
          'fulfilled',
          'fulfilled',
          'rejected',
          'fulfilled',
        ]);
        await db.reopen();
        const stored = await db.store.commands.listUnfinished();
        expect(stored.map(({ id }) => id)).toEqual(['1', '2', '3']);
      });

      test('are committed by close when they are pending', async () => {
        const pending = [
          db.store.commands.insert(storedCommand({ id: '1' })),
          db.store.output.append('1', [chunk()], 1, 0),
          db.store.connections.purgeBefore(0, 1),
        ];
        await db.reopen();
        await Promise.all(pending);
        expect(await db.store.commands.find('1')).toMatchObject({ agentNextSequence: 1 });
        expect(await db.store.output.listLatest('1', Infinity)).toEqual([chunk()]);
      });

      test('can be probed without any change', async () => {
        await db.store.commands.insert(storedCommand({ id: '1' }));
        await db.store.probe();
        await db.reopen();
        expect(await db.store.commands.listUnfinished()).toEqual([storedCommand({ id: '1' })]);
      });
    });
  });
}
