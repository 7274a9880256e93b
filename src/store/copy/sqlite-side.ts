// The SQLite file of a copy.
import { Database } from 'bun:sqlite';
import { eq, getTableColumns, sql } from 'drizzle-orm';
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core';
import { blockBytes } from '../output-purge.ts';
import { firstSearchRow } from '../output-search.ts';
import { createQueryBuilder } from '../query-context.ts';
import { commands, outputBlocks, transcripts } from '../schema.ts';
import { openStore } from '../sqlite-store.ts';
import { BATCH_ROWS, createBlockSizes, type Side } from './side.ts';
import type { CopiedTable, Row } from './tables.ts';

/** Opens a file that no hub uses, and creates or upgrades its tables. */
export async function openSqliteSide(file: string): Promise<Side> {
  await openStore(file).close();
  const database = new Database(file, { strict: true });
  const db = createQueryBuilder(database);
  const sizes = createBlockSizes((data, textBytes) => blockBytes(data.byteLength, textBytes));
  /** The command whose block was written last, and the number of the next one in the search index. */
  let last: { commandId: unknown; searchRow: number | null } | null = null;
  database.run('PRAGMA synchronous = FULL');
  database.run('BEGIN IMMEDIATE');

  function nextSearchRow(commandId: string): number | null {
    if (last?.commandId === commandId) {
      last.searchRow = last.searchRow === null ? null : last.searchRow + 1;
    } else {
      const isWanted = eq(commands.id, commandId);
      const command = db.select({ row: commands.row }).from(commands).where(isWanted).get();
      last = { commandId, searchRow: command ? firstSearchRow(command.row) : null };
    }
    return last.searchRow;
  }

  /** Adds what only SQLite has. */
  function complete(table: SQLiteTable, row: Row): Row {
    if (table === transcripts) return { ...row, bytes: sizes.get(row) };
    if (table !== outputBlocks) return row;
    sizes.add(row);
    return { ...row, searchRow: nextSearchRow(String(row['commandId'])), isIndexed: false };
  }

  return {
    read({ sqlite: table, key, columns }: CopiedTable, after) {
      const all = getTableColumns(table);
      const position = key.map((name) => all[name] as SQLiteColumn);
      const selected = Object.fromEntries(columns.map((name) => [name, all[name] as SQLiteColumn]));
      const rows = db
        .select(selected)
        .from(table)
        .where(
          after &&
            sql`(${sql.join(position, sql`, `)}) > (${sql.join(
              key.map((name) => sql`${after[name]}`),
              sql`, `,
            )})`,
        )
        .orderBy(...position)
        .limit(BATCH_ROWS)
        .all();
      return Promise.resolve(rows);
    },
    write({ sqlite: table }, rows) {
      for (const row of rows) db.insert(table).values(complete(table, row)).run();
      return Promise.resolve();
    },
    commit() {
      database.run('COMMIT');
      return Promise.resolve();
    },
    close() {
      if (database.inTransaction) database.run('ROLLBACK');
      database.close(true);
      return Promise.resolve();
    },
  };
}
