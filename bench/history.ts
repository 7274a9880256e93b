// Creates the data folder of a hub with a long history. The rows are written directly, because a million commands through
// the hub would take hours.
import { Database } from 'bun:sqlite';
import { getTableColumns } from 'drizzle-orm';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { commands } from '../src/store/schema.ts';
import { startHubBinary } from '../test/support/binary.ts';
import { storedCommand } from '../test/support/samples.ts';

/** Time between two commands. */
const STEP_MS = 10_000;
const AGENTS = 50;
const USERS = 20;
/** In one transaction. */
const BATCH = 10_000;
const NAMES = ['parser', 'scheduler', 'session', 'terminal', 'journal', 'approval', 'importer'];

/** Creates a data folder with the tables that the executable creates at its first start. */
export async function createDataFolder(folder: string): Promise<void> {
  const hub = await startHubBinary(folder);
  hub.kill('SIGTERM');
  await hub.exited;
}

/** Creates a data folder with this many completed commands. */
export async function createHistory(folder: string, count: number): Promise<void> {
  await createDataFolder(folder);
  const database = new Database(join(folder, 'signalbox.db'));
  database.run('PRAGMA synchronous = OFF');
  const columns = Object.keys(getTableColumns(commands));
  const names = columns.map((column) => toSnakeCase(column));
  const insert = database.prepare(
    `INSERT INTO commands (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
  );
  const firstAt = Date.now() - count * STEP_MS;
  for (let start = 0; start < count; start += BATCH) {
    const insertBatch = database.transaction(() => {
      for (let i = start; i < Math.min(count, start + BATCH); i += 1) {
        const row = new Map(Object.entries(createCommand(i, firstAt + i * STEP_MS)));
        insert.run(...columns.map((column) => toSqlite(row.get(column))));
      }
    });
    insertBatch();
  }
  // Otherwise, SQLite would keep the write-ahead log, as after an unclean end.
  insert.finalize();
  database.run('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
  if (existsSync(join(folder, 'signalbox.db-wal'))) throw new Error('The database is still open.');
}

function createCommand(index: number, requestedAt: number) {
  const name = NAMES[index % NAMES.length] ?? '';
  return storedCommand({
    id: Bun.randomUUIDv7('hex', requestedAt),
    agentId: `agent-${index % AGENTS}`,
    command: `Fix the failing test of the ${name} in src/${name}/case-${index}.ts, explain the cause in one paragraph, and run the tests of the folder`,
    status: 'completed',
    requestedBy: `user-${index % USERS}`,
    requestedAt,
    startedAt: requestedAt + 100,
    completedAt: requestedAt + 5_000,
    exitCode: 0,
    attempt: 1,
    sent: true,
    lastSequence: 10,
    totalBytes: 4_000,
  });
}

const toSnakeCase = (name: string) =>
  name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function toSqlite(value: unknown): string | number | null {
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value === null || value === undefined ? null : JSON.stringify(value);
}
