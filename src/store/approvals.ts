import { eq, isNull, or } from 'drizzle-orm';
import { approvals } from './schema.ts';
import type { Access } from './access.ts';
import type { Store } from './store.ts';

/** The questions agents asked, and who answered what and when. */
export function createApprovals({ db, read, write }: Access): Store['approvals'] {
  return {
    insert: (approval) => write(() => db.insert(approvals).values(approval).run()),
    update: (id, changes) =>
      write(() => db.update(approvals).set(changes).where(eq(approvals.approvalId, id)).run()),
    unsettled: () =>
      read(() =>
        db
          .select()
          .from(approvals)
          .where(or(isNull(approvals.outcome), isNull(approvals.appliedAt)))
          .orderBy(approvals.approvalId)
          .all(),
      ),
    ofCommand: (commandId) =>
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
