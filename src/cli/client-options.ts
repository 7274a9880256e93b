// The options shared by all commands that call the API of a hub.
import { type Command, Option } from 'commander';
import { envOption, parseOrigin } from '../config.ts';

export interface ClientFlags {
  hub?: string;
  json: boolean;
}

/** Adds `--hub` and `--json` to a command. */
export function withClientOptions(command: Command): Command {
  return command
    .addOption(
      envOption('--hub <url>', 'Hub URL')
        .default(undefined, 'the hub you last signed in to')
        .argParser(parseOrigin),
    )
    .addOption(jsonOption());
}

export function jsonOption(): Option {
  return new Option('--json', 'Output JSON lines').default(false);
}
