// The argument that names a command: its ID, or the beginning of it.
import { Argument } from 'commander';
import type { ApiClient } from './api-client.ts';
import { CliError } from './cli-error.ts';
import { listCommands } from './command-list.ts';

const ID_LENGTH = 36;
const MAX_SEARCHED = 1000;
const MAX_LISTED = 3;

export function commandIdArgument(): Argument {
  return new Argument('<id>', 'Command ID, or a unique prefix of it');
}

/**
 * Returns the ID that begins with `prefix`, among the latest commands. A full ID is returned as it is.
 * @throws {CliError} if there is none, or more than one
 */
export async function resolveCommandId(client: ApiClient, prefix: string): Promise<string> {
  if (prefix.length >= ID_LENGTH) return prefix;
  const start = prefix.toLowerCase();
  const matches: string[] = [];
  let searched = 0;
  for await (const { id } of listCommands(client)) {
    if (id.startsWith(start)) matches.push(id);
    searched += 1;
    // IDs sort by time, and the newest commands come first.
    const isPast = id < start;
    if (isPast || matches.length > MAX_LISTED) break;
    if (searched === MAX_SEARCHED) return requireUnique(prefix, matches, searched);
  }
  return requireUnique(prefix, matches, null);
}

/** @param searched how many commands were searched; null if no other one can match */
function requireUnique(prefix: string, matches: string[], searched: number | null): string {
  const [id, ...others] = matches;
  if (id !== undefined && others.length === 0) return id;
  if (id !== undefined) {
    const listed = matches.slice(0, MAX_LISTED).join(', ');
    const more = matches.length > MAX_LISTED ? ', …' : '';
    throw new CliError(`Several command IDs start with "${prefix}": ${listed}${more}`);
  }
  if (searched === null) throw new CliError(`No command ID starts with "${prefix}".`);
  throw new CliError(
    `None of the latest ${searched.toLocaleString('en-US')} command IDs starts with "${prefix}". Use the full ID.`,
  );
}
