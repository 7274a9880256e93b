// `signalbox interrupt`: stop a command, queued or running.
import { Type } from '@sinclair/typebox';
import { Command } from 'commander';
import { type ClientFlags, createClient, withClientOptions } from './client.ts';

export function interruptCommand(): Command {
  return withClientOptions(new Command('interrupt'))
    .description('Stop a command, queued or running.')
    .argument('<id>', 'the command')
    .addHelpText('after', '\nExample:\n  signalbox interrupt 019a…')
    .action(async (id: string, flags: ClientFlags) => {
      const answer = await createClient(flags).post(
        `/commands/${encodeURIComponent(id)}/interrupt`,
        Type.Object({ commandId: Type.String() }),
      );
      process.stdout.write(
        flags.json ? `${JSON.stringify(answer)}\n` : `Told to stop: ${answer.commandId}\n`,
      );
    });
}
