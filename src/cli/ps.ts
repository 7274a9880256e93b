// `signalbox ps`: lists agents and their running and queued commands.
import { Command } from 'commander';
import { AgentPage, CommandPage } from '../protocol/api.ts';
import type { AgentSummary } from '../protocol/entities.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { type ClientFlags, withClientOptions } from './client-options.ts';
import { formatState } from './outcome.ts';
import { writeOut } from './output.ts';
import { printTable } from './table.ts';
import { toJson } from './json.ts';

const MAX_COMMAND_LENGTH = 60;

export function psCommand(): Command {
  return withClientOptions(new Command('ps'))
    .description('List agents and their running and queued commands')
    .addHelpText('after', '\nExamples:\n  signalbox ps\n  signalbox ps --json')
    .action(async (flags: ClientFlags) => {
      const client = createApiClient(flags.hub);
      const { agents, commands } = await readActive(client);
      if (flags.json) {
        writeOut(`${toJson({ agents, commands })}\n`);
        return;
      }
      printTable([
        ['AGENT', 'TYPE', 'STATUS', 'QUEUED', 'PAUSED'],
        ...agents.map((agent) => [
          agent.agentId,
          agent.agentType,
          agent.status,
          String(agent.queueLength),
          describePause(agent),
        ]),
      ]);
      if (commands.length === 0) return;
      writeOut('\n');
      printTable([
        ['COMMAND ID', 'AGENT', 'STATUS', 'PRIORITY', 'COMMAND'],
        ...commands.map((command) => [
          command.id,
          command.agentId,
          formatState(command),
          command.priority,
          command.command.replaceAll(/\s+/g, ' ').slice(0, MAX_COMMAND_LENGTH),
        ]),
      ]);
    });
}

/** Reads all agents and their commands, in the order in which each agent runs them. */
async function readActive(client: ApiClient) {
  const { items: agents } = await client.get('/agents', AgentPage);
  const queues = agents.map(async ({ agentId }) => {
    const path = `/agents/${encodeURIComponent(agentId)}/queue`;
    return (await client.get(path, CommandPage)).items;
  });
  return { agents, commands: (await Promise.all(queues)).flat() };
}

function describePause({ paused }: AgentSummary): string {
  if (paused === null) return '-';
  return paused.note === null ? `by ${paused.by}` : `by ${paused.by}: ${paused.note}`;
}
