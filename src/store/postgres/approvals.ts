import { and, count, desc, eq, isNotNull, isNull } from 'drizzle-orm';
import type { ApprovalQuery, Store } from '../store.ts';
import { type Db, isNoneOf, isOneOf, type QueryContext } from './context.ts';
import { approvalDetails, approvals } from './schema.ts';

/** Approval requests and their responses. */
export function createApprovalStore({ read, write }: QueryContext): Store['approvals'] {
  const selectBy = (commandId: string, { resolvedOnly }: ApprovalQuery) =>
    and(
      eq(approvals.commandId, commandId),
      resolvedOnly ? isNotNull(approvals.outcome) : undefined,
    );

  return {
    insert: (approval, detail) =>
      write(async (db) => {
        const { approvalId } = approval;
        await db.insert(approvals).values(approval);
        if (detail !== undefined) await db.insert(approvalDetails).values({ approvalId, detail });
      }),
    update: (id, changes, entry) =>
      write((db) => db.update(approvals).set(changes).where(eq(approvals.approvalId, id)), entry),
    find: (id) =>
      read(async (db) => {
        const [found] = await db.select().from(approvals).where(eq(approvals.approvalId, id));
        return found;
      }),
    findDetail: (id) =>
      read(async (db) => {
        const isWanted = eq(approvalDetails.approvalId, id);
        const [found] = await db.select().from(approvalDetails).where(isWanted);
        return found?.detail;
      }),
    cancelPendingExcept: (commandIds, time) =>
      write((db) =>
        db
          .update(approvals)
          .set({ outcome: 'cancelled', resolvedAt: time })
          .where(and(isNull(approvals.outcome), isNoneOf(approvals.commandId, commandIds))),
      ),
    listByCommand: (commandId, query = {}) =>
      read((db) => {
        const all = db
          .select()
          .from(approvals)
          .where(selectBy(commandId, query))
          .orderBy(approvals.requestedAt)
          .$dynamic();
        return query.limit === undefined ? all : all.limit(query.limit);
      }),
    countByCommand: (commandId, query = {}) =>
      read(async (db) => {
        const isWanted = selectBy(commandId, query);
        const [found] = await db.select({ count: count() }).from(approvals).where(isWanted);
        return found?.count ?? 0;
      }),
    listResolved: (agentIds, limit) => read((db) => createResolvedQuery(db, agentIds, limit)),
  };
}

/** Resolved requests, the latest first. Exported to test which index it uses. */
export function createResolvedQuery(db: Db, agentIds: readonly string[] | null, limit: number) {
  return db
    .select()
    .from(approvals)
    .where(
      and(
        isNotNull(approvals.resolvedAt),
        agentIds ? isOneOf(approvals.agentId, agentIds) : undefined,
      ),
    )
    .orderBy(desc(approvals.resolvedAt))
    .limit(limit);
}
