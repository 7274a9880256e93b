// `signalbox interrupt`: interrupts a running command or cancels a queued one.
import { Type } from '@sinclair/typebox';
import { Command } from 'commander';
import { createApiClient } from './api-client.ts';
import { type ClientFlags, withClientOptions } from './client-options.ts';
import { commandIdArgument, resolveCommandId } from './command-id.ts';
import { writeOut } from './output.ts';
import { toJson } from './json.ts';

export function interruptCommand(): Command {
  return withClientOptions(new Command('interrupt'))
    .description('Interrupt a running command or cancel a queued one')
    .addArgument(commandIdArgument())
    .addHelpText('after', '\nExample:\n  signalbox interrupt 019a2b3c-4d5e')
    .action(async (id: string, flags: ClientFlags) => {
      const client = createApiClient(flags.hub);
      const commandId = await resolveCommandId(client, id);
      const response = await client.post(
        `/commands/${encodeURIComponent(commandId)}/interrupt`,
        Type.Object({ commandId: Type.String() }),
      );
      writeOut(
        flags.json
          ? `${toJson(response)}\n`
          : `Interrupt requested for command ${response.commandId}\n`,
      );
    });
}
