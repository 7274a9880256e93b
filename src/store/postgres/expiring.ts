import { and, desc, eq, inArray, lte, sql } from 'drizzle-orm';
import type { ExpiringTable, StoredExpiring } from '../expiring.ts';
import type { Db, QueryContext } from './context.ts';
import { expiringValues as values } from './schema.ts';

/** The values that expire. */
export function createExpiringStore({
  read,
  write,
}: Pick<QueryContext, 'read' | 'write'>): ExpiringTable {
  const isValue = (kind: string, key: string) => and(eq(values.kind, kind), eq(values.key, key));

  /** Makes a change that returns the values it is about. */
  async function change(run: (db: Db) => Promise<StoredExpiring[]>) {
    let changed: StoredExpiring | undefined;
    await write(async (db) => {
      [changed] = await run(db);
    });
    return changed;
  }

  return {
    put: (value, max, time) =>
      write(async (db) => {
        await db.delete(values).where(lte(values.expiresAt, time));
        await db
          .insert(values)
          .values(value)
          .onConflictDoUpdate({ target: [values.kind, values.key], set: value });
        const { kind } = value;
        const rest = db
          .select({ key: values.key })
          .from(values)
          .where(eq(values.kind, kind))
          .orderBy(desc(values.expiresAt))
          .offset(max);
        await db.delete(values).where(and(eq(values.kind, kind), inArray(values.key, rest)));
      }),
    find: (kind, key) =>
      read(async (db) => {
        const [found] = await db.select().from(values).where(isValue(kind, key));
        return found;
      }),
    countUse: (kind, key) =>
      change((db) =>
        db
          .update(values)
          .set({ uses: sql`${values.uses} + 1` })
          .where(isValue(kind, key))
          .returning(),
      ),
    take: (kind, key) => change((db) => db.delete(values).where(isValue(kind, key)).returning()),
    removeOwned: (kind, owner) =>
      write((db) => db.delete(values).where(and(eq(values.kind, kind), eq(values.owner, owner)))),
  };
}
