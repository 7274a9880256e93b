// `signalbox ps`: lists agents and their running and queued commands.
import { Command } from 'commander';
import { AgentPage, CommandPage } from '../protocol/api.ts';
import { createApiClient } from './api-client.ts';
import { type ClientFlags, withClientOptions } from './client-options.ts';
import { writeOut } from './output.ts';
import { printTable } from './table.ts';

const MAX_COMMAND_LENGTH = 60;

export function psCommand(): Command {
  return withClientOptions(new Command('ps'))
    .description('List agents and their running and queued commands')
    .addHelpText('after', '\nExamples:\n  signalbox ps\n  signalbox ps --json')
    .action(async (flags: ClientFlags) => {
      const client = createApiClient(flags.hub);
      const [{ items: agents }, { items: running }, { items: queued }] = await Promise.all([
        client.get('/agents', AgentPage),
        client.get('/commands?status=running&limit=200', CommandPage),
        client.get('/commands?status=queued&limit=200', CommandPage),
      ]);
      const commands = [...running, ...queued];
      if (flags.json) {
        writeOut(`${JSON.stringify({ agents, commands })}\n`);
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
        ...commands.map(({ id, agentId, status, priority, command }) => [
          id,
          agentId,
          status,
          priority,
          command.replaceAll(/\s+/g, ' ').slice(0, MAX_COMMAND_LENGTH),
        ]),
      ]);
    });
}
