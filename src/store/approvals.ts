import { and, count, desc, eq, inArray, isNotNull, isNull, notInArray } from 'drizzle-orm';
import type { QueryContext } from './query-context.ts';
import { approvalDetails, approvals } from './schema.ts';
import type { ApprovalQuery, Store } from './store.ts';

/** Approval requests and their responses. */
export function createApprovalStore({ db, read, write }: QueryContext): Store['approvals'] {
  const selectBy = (commandId: string, { resolvedOnly }: ApprovalQuery) =>
    and(
      eq(approvals.commandId, commandId),
      resolvedOnly ? isNotNull(approvals.outcome) : undefined,
    );

  return {
    insert: (approval, detail) =>
      write(() => {
        const { approvalId } = approval;
        db.insert(approvals).values(approval).run();
        if (detail !== undefined) db.insert(approvalDetails).values({ approvalId, detail }).run();
      }),
    update: (id, changes, entry) =>
      write(
        () => db.update(approvals).set(changes).where(eq(approvals.approvalId, id)).run(),
        entry,
      ),
    find: (id) => read(() => db.select().from(approvals).where(eq(approvals.approvalId, id)).get()),
    findDetail: (id) =>
      read(
        () =>
          db.select().from(approvalDetails).where(eq(approvalDetails.approvalId, id)).get()?.detail,
      ),
    cancelPendingExcept: (commandIds, time) =>
      write(() =>
        db
          .update(approvals)
          .set({ outcome: 'cancelled', resolvedAt: time })
          .where(and(isNull(approvals.outcome), notInArray(approvals.commandId, [...commandIds])))
          .run(),
      ),
    listByCommand: (commandId, query = {}) =>
      read(() =>
        db
          .select()
          .from(approvals)
          .where(selectBy(commandId, query))
          .orderBy(approvals.requestedAt)
          // SQLite reads -1 as no limit.
          .limit(query.limit ?? -1)
          .all(),
      ),
    countByCommand: (commandId, query = {}) =>
      read(
        () =>
          db.select({ count: count() }).from(approvals).where(selectBy(commandId, query)).get()
            ?.count ?? 0,
      ),
    listResolved: (agentIds, limit) => read(() => createResolvedQuery(db, agentIds, limit).all()),
  };
}

/** Resolved requests, the latest first. Exported to test which index it uses. */
export function createResolvedQuery(
  db: QueryContext['db'],
  agentIds: readonly string[] | null,
  limit: number,
) {
  return db
    .select()
    .from(approvals)
    .where(
      and(
        isNotNull(approvals.resolvedAt),
        agentIds ? inArray(approvals.agentId, [...agentIds]) : undefined,
      ),
    )
    .orderBy(desc(approvals.resolvedAt))
    .limit(limit);
}
