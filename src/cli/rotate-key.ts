// `signalbox rotate-key`: replaces the key that signs session tokens: that of a stopped hub, or that of all hubs of a database.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { defaultDataFolder, envOption } from '../config.ts';
import { systemClock } from '../protocol/clock.ts';
import { openDataFolder } from '../store/data-folder.ts';
import { createPostgresStore } from '../store/postgres/postgres-store.ts';
import { createSigningKeys, type KeyStorage } from '../web/signing-keys.ts';
import { CliError } from './cli-error.ts';
import { createFileKeys, createSharedKeys } from './key-storage.ts';
import { createLog } from './log.ts';
import { writeOut } from './output.ts';
import { type PostgresDatabase, readDatabase, storeOption } from './store-option.ts';

interface RotateKeyFlags {
  data: string;
  store?: string;
}

export function rotateKeyCommand(): Command {
  return new Command('rotate-key')
    .description('Replace the key that signs sessions')
    .addOption(envOption('--data <dir>', 'Data folder').default(defaultDataFolder()))
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Without --store, run it as the user that runs the hub, on its machine, while the
hub is stopped. With --store, the key is in the database, and the hubs that use
it can keep running: they use the new key within a second.

Nobody is signed out: the earlier key stays valid for the sessions that it has
signed, at most 12 hours. Hubs also replace the key every 30 days.

If somebody may have read the key, delete it instead, while all hubs are stopped.
This signs out everybody. It is the file jwt-secret in the data folder; with
--store, it is also the row jwt-secret of the table secrets.

Examples:
  systemctl stop signalbox
  runuser -u signalbox-hub -- signalbox rotate-key --data /var/lib/signalbox
  systemctl start signalbox

  signalbox rotate-key --store postgres://user@host/database`,
    )
    .action(async (flags: RotateKeyFlags) => {
      const database = readDatabase(flags);
      if (database) await failWithCliError(() => rotateShared(database));
      else await rotateLocal(flags.data);
      writeOut('Key replaced. Users stay signed in.\n');
    });
}

/** @throws {CliError} if a hub uses the folder, or the key cannot be stored */
async function rotateLocal(data: string): Promise<void> {
  if (!existsSync(join(data, 'signalbox.db'))) {
    throw new CliError(`${data} is not the data folder of a hub. Set --data.`);
  }
  await failWithCliError(async () => {
    const folder = openDataFolder(data);
    await rotate(createFileKeys(folder));
    folder.release();
  });
}

/** @throws if the database cannot be opened, no hub has used it, or the key cannot be stored */
async function rotateShared({ url, password }: PostgresDatabase): Promise<void> {
  const store = await createPostgresStore(url, { password });
  try {
    if (!store.cluster) throw new Error('The hubs of this database do not share a key.');
    const storage = createSharedKeys(store.cluster);
    if ((await storage.load()) === null) {
      throw new Error('The database has no key. Start a hub with this database first.');
    }
    await rotate(storage);
  } finally {
    await store.close();
  }
}

async function rotate(storage: KeyStorage): Promise<void> {
  const keys = await createSigningKeys({ storage, clock: systemClock, log: createLog() });
  await keys.rotate();
  keys.stop();
}

/** Converts errors to a CliError. */
async function failWithCliError(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error));
  }
}
