import { eq, isNull, or } from 'drizzle-orm';
import type { QueryContext } from './query-context.ts';
import { approvals } from './schema.ts';
import type { Store } from './store.ts';

/** Approval requests and their responses. */
export function createApprovalStore({ db, read, write }: QueryContext): Store['approvals'] {
  return {
    insert: (approval) => write(() => db.insert(approvals).values(approval).run()),
    update: (id, changes) =>
      write(() => db.update(approvals).set(changes).where(eq(approvals.approvalId, id)).run()),
    listUnsettled: () =>
      read(() =>
        db
          .select()
          .from(approvals)
          .where(or(isNull(approvals.outcome), isNull(approvals.appliedAt)))
          .orderBy(approvals.approvalId)
          .all(),
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
