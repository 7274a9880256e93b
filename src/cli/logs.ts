// `signalbox logs`: what a command wrote.
import { Command } from 'commander';
import { type ClientFlags, createClient, withClientOptions } from './client.ts';
import { showJson, showPlain } from './output.ts';
import { watch } from './watch.ts';

interface LogsFlags extends ClientFlags {
  follow: boolean;
}

export function logsCommand(): Command {
  return withClientOptions(new Command('logs'))
    .description('Show the held output of a command.')
    .option('-f, --follow', 'go on until the command has ended', false)
    .argument('<id>', 'the command')
    .addHelpText(
      'after',
      `
Examples:
  signalbox logs 019a…
  signalbox logs -f 019a…`,
    )
    .action(async (commandId: string, flags: LogsFlags) => {
      const client = createClient(flags);
      if (flags.follow) {
        const watching = watch({
          client,
          commandId,
          begin: () => undefined,
          show: flags.json ? showJson : showPlain,
        });
        await watching.ended;
        return;
      }
      const output = await client.text(`/commands/${encodeURIComponent(commandId)}/output`);
      process.stdout.write(flags.json ? `${JSON.stringify({ commandId, output })}\n` : output);
    });
}
