// `signalbox interrupt`: interrupts a running command or cancels a queued one.
import { Type } from '@sinclair/typebox';
import { Command } from 'commander';
import { createApiClient } from './api-client.ts';
import { type ClientFlags, withClientOptions } from './client-options.ts';
import { writeOut } from './output.ts';

export function interruptCommand(): Command {
  return withClientOptions(new Command('interrupt'))
    .description('Interrupt a running command or cancel a queued one')
    .argument('<id>', 'Command ID')
    .addHelpText('after', '\nExample:\n  signalbox interrupt 019a…')
    .action(async (id: string, flags: ClientFlags) => {
      const response = await createApiClient(flags.hub).post(
        `/commands/${encodeURIComponent(id)}/interrupt`,
        Type.Object({ commandId: Type.String() }),
      );
      writeOut(
        flags.json
          ? `${JSON.stringify(response)}\n`
          : `Interrupt requested for command ${response.commandId}\n`,
      );
    });
}
