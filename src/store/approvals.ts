import { and, eq, isNull, notInArray } from 'drizzle-orm';
import type { QueryContext } from './query-context.ts';
import { approvals } from './schema.ts';
import type { Store } from './store.ts';

/** Approval requests and their responses. */
export function createApprovalStore({ db, read, write }: QueryContext): Store['approvals'] {
  return {
    insert: (approval) => write(() => db.insert(approvals).values(approval).run()),
    update: (id, changes) =>
      write(() => db.update(approvals).set(changes).where(eq(approvals.approvalId, id)).run()),
    find: (id) => read(() => db.select().from(approvals).where(eq(approvals.approvalId, id)).get()),
    cancelPendingExcept: (commandIds, time) =>
      write(() =>
        db
          .update(approvals)
          .set({ outcome: 'cancelled', resolvedAt: time })
          .where(and(isNull(approvals.outcome), notInArray(approvals.commandId, [...commandIds])))
          .run(),
      ),
    listByCommand: (commandId) =>
      read(() =>
        db
          .select()
          .from(approvals)
          .where(eq(approvals.commandId, commandId))
          .orderBy(approvals.requestedAt)
          .all(),
      ),
  };
}
