// Copies all data from one database to another, and compares both before it is committed.
import type { Side } from './side.ts';
import { type CopiedTable, copiedTables, type Row } from './tables.ts';

/** What a table contains. */
export interface Summary {
  table: string;
  rows: number;
  /** The SHA-256 of all rows, combined in a way that does not depend on their order, in hexadecimal. */
  checksum: string;
}

/**
 * Copies all tables in one transaction.
 * @throws if the target contains data, or differs from the source afterwards; it is left unchanged
 */
export async function copyDatabase(source: Side, target: Side): Promise<Summary[]> {
  for (const table of copiedTables) {
    const [row] = await target.read(table, undefined);
    if (row) throw new Error(`The target is not empty: its table ${table.name} has rows.`);
  }
  const copied: Summary[] = [];
  for (const table of copiedTables) {
    copied.push(await summarize(source, table, (rows) => target.write(table, rows)));
  }
  for (const [index, table] of copiedTables.entries()) {
    const written = await summarize(target, table);
    const expected = copied[index];
    if (written.rows === expected?.rows && written.checksum === expected.checksum) continue;
    throw new Error(`The copy of the table ${table.name} differs. Nothing was changed.`);
  }
  await target.commit();
  return copied;
}

async function summarize(
  side: Side,
  table: CopiedTable,
  onRows: (rows: readonly Row[]) => Promise<void> = () => Promise.resolve(),
): Promise<Summary> {
  const sum = Buffer.alloc(32);
  let rows = 0;
  let last: Row | undefined;
  for (;;) {
    const batch = await side.read(table, last);
    last = batch.at(-1);
    if (!last) break;
    for (const row of batch) addHash(sum, table, row);
    rows += batch.length;
    await onRows(batch);
  }
  return { table: table.name, rows, checksum: sum.toString('hex') };
}

function addHash(sum: Buffer, { columns }: CopiedTable, row: Row) {
  const values = columns.map((name) => row[name]);
  const hash = new Bun.CryptoHasher('sha256').update(JSON.stringify(values)).digest();
  // Rows differ at least in their keys, so that none cancels another one out.
  for (const [index, byte] of hash.entries()) sum[index] = (sum[index] ?? 0) ^ byte;
}
