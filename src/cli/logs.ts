// `signalbox logs`: shows the output of a command.
import { Command } from 'commander';
import { createApiClient } from './api-client.ts';
import { type ClientFlags, withClientOptions } from './client-options.ts';
import { followCommand } from './follow-command.ts';
import { writeJson, writePlain } from './output-writer.ts';
import { writeOut } from './output.ts';

interface LogsFlags extends ClientFlags {
  follow: boolean;
}

export function logsCommand(): Command {
  return withClientOptions(new Command('logs'))
    .description('Show the output of a command')
    .option('-f, --follow', 'Stream new output until the command finishes', false)
    .argument('<id>', 'Command ID')
    .addHelpText(
      'after',
      `
Examples:
  signalbox logs 019a…
  signalbox logs -f 019a…`,
    )
    .action(async (commandId: string, flags: LogsFlags) => {
      const client = createApiClient(flags.hub);
      if (flags.follow) {
        const write = flags.json ? writeJson : writePlain;
        await followCommand({ client, command: commandId, write }).finished;
        return;
      }
      const output = await client.getText(`/commands/${encodeURIComponent(commandId)}/output`);
      writeOut(flags.json ? `${JSON.stringify({ commandId, output })}\n` : output);
    });
}
