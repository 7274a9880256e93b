// `signalbox migrate`: copies the data of a hub from SQLite to PostgreSQL or back, while the hub is stopped.
import { existsSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { copyDatabase } from '../store/copy/copy.ts';
import { openPostgresSide } from '../store/copy/postgres-side.ts';
import type { Side } from '../store/copy/side.ts';
import { openSqliteSide } from '../store/copy/sqlite-side.ts';
import { type DataFolder, openDataFolder } from '../store/data-folder.ts';
import { isPostgresUrl } from '../store/postgres/address.ts';
import { CliError } from './cli-error.ts';
import { printTable } from './table.ts';

const SQLITE = 'sqlite:';

interface MigrateFlags {
  from: string;
  to: string;
}

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Copy the data of a stopped hub between SQLite and PostgreSQL')
    .addOption(databaseOption('--from <database>', 'Database that is copied'))
    .addOption(databaseOption('--to <database>', 'Empty database that receives the data'))
    .addHelpText(
      'after',
      `
A database is sqlite:DIR, where DIR is the data folder of a hub, or the URL of a
PostgreSQL database. PGPASSWORD is used if the URL has no password.

The copy is compared with the original before it is committed: if they differ, or
if anything fails, the target is unchanged. The original is kept, but its tables
are upgraded if they are those of an earlier version. The keys and the other files
of the data folder are not copied: keep using the same folder.

Examples:
  signalbox migrate --from sqlite:/var/lib/signalbox --to postgres://user@host/database
  signalbox migrate --from postgres://user@host/database --to sqlite:/var/lib/signalbox`,
    )
    .action(async ({ from, to }: MigrateFlags) => {
      if (isPostgresUrl(from) === isPostgresUrl(to)) {
        throw new CliError('One of --from and --to must be sqlite:DIR, and the other one a URL.');
      }
      await migrate(from, to);
    });
}

function databaseOption(flags: string, description: string): Option {
  return new Option(flags, description).makeOptionMandatory().argParser((text) => {
    if (isPostgresUrl(text) || (text.startsWith(SQLITE) && text.length > SQLITE.length))
      return text;
    throw new InvalidArgumentError('Expected sqlite:DIR or postgres://user@host/database.');
  });
}

/** @throws {CliError} if nothing was copied */
async function migrate(from: string, to: string): Promise<void> {
  const opened: { close(): Promise<void> }[] = [];

  async function open(database: string, isSource: boolean): Promise<Side> {
    if (isPostgresUrl(database)) {
      const side = await openPostgresSide(database, process.env['PGPASSWORD']);
      opened.push(side);
      return side;
    }
    const folder = openFolder(database.slice(SQLITE.length), isSource);
    opened.push({
      close() {
        folder.release();
        return Promise.resolve();
      },
    });
    const side = await openSqliteSide(folder.resolve('signalbox.db'));
    opened.push(side);
    return side;
  }

  try {
    const source = await open(from, true);
    const target = await open(to, false);
    const copied = await copyDatabase(source, target);
    const rows = copied.map(({ table, rows: count, checksum }) => [table, String(count), checksum]);
    printTable([['TABLE', 'ROWS', 'CHECKSUM'], ...rows]);
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error));
  } finally {
    for (const one of opened.toReversed()) await one.close();
  }
}

/** @throws if a hub uses the folder, or if the source does not exist */
function openFolder(dir: string, isSource: boolean): DataFolder {
  if (isSource && !existsSync(`${dir}/signalbox.db`)) {
    throw new CliError(`${dir} is not the data folder of a hub.`);
  }
  return openDataFolder(dir);
}
