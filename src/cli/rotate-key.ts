// `signalbox rotate-key`: replaces the key that signs session tokens, while the hub is stopped.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { defaultDataFolder, envOption } from '../config.ts';
import { systemClock } from '../protocol/clock.ts';
import { openDataFolder } from '../store/data-folder.ts';
import { createSigningKeys } from '../web/signing-keys.ts';
import { CliError } from './cli-error.ts';
import { createLog } from './log.ts';
import { writeOut } from './output.ts';

export function rotateKeyCommand(): Command {
  return new Command('rotate-key')
    .description('Replace the key that signs sessions, on the machine of a stopped hub')
    .addOption(envOption('--data <dir>', 'Data folder').default(defaultDataFolder()))
    .addHelpText(
      'after',
      `
Run it as the user that runs the hub.

Nobody is signed out: the earlier key stays valid for the sessions that it has
signed, at most 12 hours. The hub also replaces the key every 30 days.

If somebody may have read the data folder, delete the file jwt-secret instead.
This signs out everybody.

Example:
  systemctl stop signalbox
  runuser -u signalbox-hub -- signalbox rotate-key --data /var/lib/signalbox
  systemctl start signalbox`,
    )
    .action(({ data }: { data: string }) => {
      if (!existsSync(join(data, 'signalbox.db'))) {
        throw new CliError(`${data} is not the data folder of a hub. Set --data.`);
      }
      rotate(data);
      writeOut('Key replaced. Users stay signed in.\n');
    });
}

/** @throws {CliError} if a hub uses the folder, or the key cannot be stored */
function rotate(data: string) {
  try {
    const folder = openDataFolder(data);
    const keys = createSigningKeys({ folder, clock: systemClock, log: createLog() });
    keys.rotate();
    keys.stop();
    folder.release();
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error));
  }
}
