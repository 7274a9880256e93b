// `signalbox logs`: shows the output of a command.
import { Command } from 'commander';
import { CommandExecution } from '../protocol/entities.ts';
import { BUFFER_BYTES } from '../protocol/limits.ts';
import { createApiClient } from './api-client.ts';
import { type ClientFlags, withClientOptions } from './client-options.ts';
import { commandIdArgument, resolveCommandId } from './command-id.ts';
import { followCommand } from './follow-command.ts';
import { describeOutcome } from './outcome.ts';
import { createPlainWriter, type OutputWriter, writeJson } from './output-writer.ts';
import { pendingOutput, whenWritten, writeError } from './output.ts';

interface LogsFlags extends ClientFlags {
  follow: boolean;
  raw: boolean;
  delete: boolean;
}

export function logsCommand(): Command {
  return withClientOptions(new Command('logs'))
    .description('Show the output of a command')
    .option('-f, --follow', 'Stream new output until the command finishes', false)
    .option(
      '--raw',
      'Do not remove escape sequences that could control your terminal; into a pipe or a file, none are removed',
      false,
    )
    .option('--delete', 'Delete the output from the hub, for everybody', false)
    .addArgument(commandIdArgument())
    .addHelpText(
      'after',
      `
Examples:
  signalbox logs 019a2b3c-4d5e
  signalbox logs -f 019a2b3c-4d5e
  signalbox logs --delete 019a2b3c-4d5e`,
    )
    .action(async (id: string, flags: LogsFlags) => {
      const client = createApiClient(flags.hub);
      const commandId = await resolveCommandId(client, id);
      const path = `/commands/${encodeURIComponent(commandId)}`;
      if (flags.delete) {
        await client.remove(`${path}/output`);
        writeError(`Deleted the output of ${commandId}.\n`);
        return;
      }
      const writeMessage = flags.json ? writeJson : createPlainWriter({ isRaw: flags.raw });
      const write: OutputWriter = (message) => {
        const isExpired = message.type === 'terminal:gap' && message.reason === 'expired';
        if (isExpired) process.exitCode = 1;
        writeMessage(message);
      };
      if (flags.follow) await followCommand({ client, command: commandId, write }).finished;
      else {
        for await (const message of client.streamMessages(`${path}/output`)) {
          write(message);
          if (pendingOutput() > BUFFER_BYTES) await whenWritten(BUFFER_BYTES);
        }
      }
      if (flags.json) return;
      const outcome = describeOutcome(await client.get(path, CommandExecution));
      if (outcome !== null) writeError(`[${outcome}]\n`);
    });
}
