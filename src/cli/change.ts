// `signalbox change`: changes a queued command: its text, its priority, or its place.
import { Command, Option } from 'commander';
import { priorities } from '../config.ts';
import { AcceptedCommand, type CommandChanges, CommandPage } from '../protocol/api.ts';
import type { Priority } from '../protocol/command-status.ts';
import { CommandExecution } from '../protocol/entities.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { CliError } from './cli-error.ts';
import { type ClientFlags, withClientOptions } from './client-options.ts';
import { commandIdArgument, resolveCommandId } from './command-id.ts';
import { toJson } from './json.ts';
import { writeOut } from './output.ts';

interface ChangeFlags extends ClientFlags {
  text?: string;
  priority?: Priority;
  before?: string;
  first?: boolean;
  last?: boolean;
}

export function changeCommand(): Command {
  return withClientOptions(new Command('change'))
    .description('Change a queued command: its text, its priority, or its place')
    .addArgument(commandIdArgument())
    .option('--text <command>', 'New text')
    .addOption(new Option('--priority <priority>', 'New priority').choices(priorities))
    .addOption(
      new Option('--before <id>', 'Run it before this command of the same priority').conflicts([
        'first',
        'last',
      ]),
    )
    .addOption(new Option('--first', 'Run it first among its priority').conflicts('last'))
    .option('--last', 'Run it last among its priority')
    .addHelpText(
      'after',
      `
Commands run by priority: high, normal, low. The order can be changed within a
priority.

Examples:
  signalbox change 019a2b3c-4d5e --priority high
  signalbox change 019a2b3c-4d5e --first
  signalbox change 019a2b3c-4d5e --text '!make test'`,
    )
    .action(async (id: string, flags: ChangeFlags) => {
      const client = createApiClient(flags.hub);
      const commandId = await resolveCommandId(client, id);
      const changes = await readChanges(client, commandId, flags);
      if (Object.keys(changes).length === 0) {
        throw new CliError(
          'Nothing to change. Use --text, --priority, --before, --first or --last.',
        );
      }
      const path = `/commands/${encodeURIComponent(commandId)}`;
      const changed = await client.patch(path, AcceptedCommand, changes);
      const { agentId, position } = changed;
      const place = position === 0 ? 'next' : `number ${position + 1}`;
      writeOut(
        flags.json ? `${toJson(changed)}\n` : `Command ${commandId} is ${place} for ${agentId}\n`,
      );
    });
}

async function readChanges(
  client: ApiClient,
  commandId: string,
  flags: ChangeFlags,
): Promise<CommandChanges> {
  const { text, priority, before, first, last } = flags;
  return {
    ...(text !== undefined && { command: text }),
    ...(priority && { priority }),
    ...(last && { before: null }),
    ...(first && { before: await findFirst(client, commandId, priority) }),
    ...(before !== undefined && { before: await resolveCommandId(client, before) }),
  };
}

/** Returns the first queued command of the priority, other than the command itself; null if there is none. */
async function findFirst(
  client: ApiClient,
  commandId: string,
  given: Priority | undefined,
): Promise<string | null> {
  const { agentId, ...command } = await client.get(
    `/commands/${encodeURIComponent(commandId)}`,
    CommandExecution,
  );
  const path = `/agents/${encodeURIComponent(agentId)}/queue`;
  const { items } = await client.get(path, CommandPage);
  const priority = given ?? command.priority;
  const first = items.find(
    (item) => item.status === 'queued' && item.priority === priority && item.id !== commandId,
  );
  return first?.id ?? null;
}
