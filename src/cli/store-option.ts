// The option for the database of a hub: a PostgreSQL server instead of a file in the data folder.
import { InvalidArgumentError, Option } from 'commander';
import { isPostgresUrl, parseAddress } from '../store/postgres/address.ts';
import { CliError } from './cli-error.ts';
import { readSecret } from './secrets.ts';

/** A PostgreSQL database. */
export interface PostgresDatabase {
  url: string;
  password: string | undefined;
}

/** The URL can contain a password, so the variable is read as a secret and not by commander. */
export function storeOption(): Option {
  return new Option(
    '--store <url>',
    'PostgreSQL database such as postgres://user@host/database (env: SIGNALBOX_STORE); the password is that of the URL or PGPASSWORD',
  )
    .default(undefined, 'SQLite in the data folder')
    .argParser((text) => {
      if (isPostgresUrl(text)) return text;
      throw new InvalidArgumentError(
        'Expected a URL such as postgres://user@host/database. Without --store, the hub uses SQLite.',
      );
    });
}

/**
 * Returns the database that was chosen; null for SQLite.
 * @throws {CliError} if its URL is not valid
 */
export function readDatabase({ store }: { store?: string }): PostgresDatabase | null {
  const text = store ?? readSecret('SIGNALBOX_STORE');
  if (text === undefined || text === '') return null;
  try {
    const { url, password } = parseAddress(text, process.env['PGPASSWORD']);
    return { url, password };
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error));
  }
}
