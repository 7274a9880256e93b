// `signalbox ps`: lists agents and their running and queued commands.
import { Command } from 'commander';
import { AgentPage } from '../protocol/api.ts';
import type { Priority } from '../protocol/command-status.ts';
import type { AgentSummary, CommandExecution } from '../protocol/entities.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { type ClientFlags, withClientOptions } from './client-options.ts';
import { listCommands } from './command-list.ts';
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
        ['AGENT', 'TYPE', 'STATUS', 'QUEUED'],
        ...agents.map(({ agentId, agentType, status, queueLength }) => [
          agentId,
          agentType,
          status,
          String(queueLength),
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
  const commands = new Map<string, CommandExecution>();
  // In this order, a command that starts or an agent that is added meanwhile is not missed.
  for (const status of ['queued', 'running'] as const) {
    for await (const command of listCommands(client, { status })) commands.set(command.id, command);
  }
  const { items: agents } = await client.get('/agents', AgentPage);
  return { agents, commands: agents.flatMap((agent) => inOrder(agent, [...commands.values()])) };
}

const priorityRanks: Record<Priority, number> = { high: 0, normal: 1, low: 2 };

/** The commands of an agent: the one that it works on, then its queue. */
function inOrder(agent: AgentSummary, commands: readonly CommandExecution[]): CommandExecution[] {
  const rank = ({ id, status, priority }: CommandExecution) =>
    status === 'running' || id === agent.currentCommand ? -1 : priorityRanks[priority];
  return commands
    .filter(({ agentId }) => agentId === agent.agentId)
    .toSorted((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1));
}
