// `signalbox search`: finds commands by their text or their output.
import { Command } from 'commander';
import { CommandPage, type CommandQuery } from '../protocol/api.ts';
import { integerParser } from '../config.ts';
import { createApiClient } from './api-client.ts';
import { type ClientFlags, withClientOptions } from './client-options.ts';
import { toJson } from './json.ts';
import { formatState } from './outcome.ts';
import { writeOut } from './output.ts';
import { printTable } from './table.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 200;
const MAX_LINE_LENGTH = 100;

interface SearchFlags extends ClientFlags {
  agent?: string;
  limit: number;
}

export function searchCommand(): Command {
  return withClientOptions(new Command('search'))
    .description('Find commands by their text or their output, newest first')
    .argument('<text>', 'Text to find; output is searched only for three or more characters')
    .option('--agent <id>', 'Only commands of this agent')
    .option(
      '--limit <count>',
      'Maximum number of commands',
      integerParser(1, MAX_LIMIT),
      DEFAULT_LIMIT,
    )
    .addHelpText('after', '\nExample:\n  signalbox search "connection refused" --agent build-1')
    .action(async (text: string, flags: SearchFlags) => {
      const client = createApiClient(flags.hub);
      const query: CommandQuery = { q: text, ...(flags.agent && { agentId: flags.agent }) };
      const { items, outputLines = {} } = await search(client, query, flags.limit);
      if (flags.json) {
        writeOut(`${toJson({ commands: items, outputLines })}\n`);
        return;
      }
      if (items.length === 0) return;
      printTable([
        ['COMMAND ID', 'AGENT', 'STATUS', 'FOUND IN'],
        ...items.map((command) => [
          command.id,
          command.agentId,
          formatState(command),
          (outputLines[command.id] ?? command.command)
            .replaceAll(/\s+/g, ' ')
            .slice(0, MAX_LINE_LENGTH),
        ]),
      ]);
    });
}

/** Reads pages until there are enough commands: a page can have fewer, because a search takes a limited time. */
async function search(
  client: ReturnType<typeof createApiClient>,
  query: CommandQuery,
  limit: number,
): Promise<Omit<CommandPage, 'nextCursor'>> {
  const parameters = new URLSearchParams({
    ...(query as Record<string, string>),
    limit: String(limit),
  });
  const found: Omit<CommandPage, 'nextCursor'> = { items: [] };
  for (;;) {
    const page = await client.get(`/commands?${parameters}`, CommandPage);
    found.items.push(...page.items);
    found.outputLines = { ...found.outputLines, ...page.outputLines };
    if (page.nextCursor === null || found.items.length >= limit) break;
    parameters.set('cursor', page.nextCursor);
  }
  return { ...found, items: found.items.slice(0, limit) };
}
