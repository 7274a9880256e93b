// Whether a version of Signalbox can use the tables of a later one. The table `schema_version` has one row: how many migrations
// have been applied, and how many of them a hub must know. See migrations.ts.
import { sql } from 'drizzle-orm';
import { SCHEMA_CODE } from '../cluster.ts';
import type { Db } from './connection.ts';

/**
 * Checks that the tables can be used. They can be those of a later version.
 * @param known how many migrations this version of Signalbox knows
 * @throws with `SCHEMA_CODE` if it would have to know more
 */
export async function assertUsable(db: Db, known: number): Promise<void> {
  const rows = (await db.execute(
    sql`SELECT version, oldest_version FROM schema_version`,
  )) as unknown as [number, number][];
  const [version, oldestVersion] = rows[0] ?? [0, 0];
  if (known >= oldestVersion) return;
  const message = `The database has schema version ${version}, and only versions of Signalbox that know schema version ${oldestVersion} can use it. This one knows schema version ${known}. Upgrade Signalbox, or use another database.`;
  throw Object.assign(new Error(message), { code: SCHEMA_CODE });
}
