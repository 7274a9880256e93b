// `signalbox ps`: the agents, and what they run and have to run.
import { Command } from 'commander';
import { AgentPage, CommandPage } from '../protocol/api.ts';
import { type ClientFlags, createClient, withClientOptions } from './client.ts';
import { printTable } from './table.ts';

const LONGEST_COMMAND = 60;

export function psCommand(): Command {
  return withClientOptions(new Command('ps'))
    .description('List the agents, and the commands that run and wait.')
    .addHelpText('after', '\nExamples:\n  signalbox ps\n  signalbox ps --json')
    .action(async (flags: ClientFlags) => {
      const client = createClient(flags);
      const [{ items: agents }, { items: running }, { items: queued }] = await Promise.all([
        client.get('/agents', AgentPage),
        client.get('/commands?status=running&limit=200', CommandPage),
        client.get('/commands?status=queued&limit=200', CommandPage),
      ]);
      const commands = [...running, ...queued];
      if (flags.json) {
        process.stdout.write(`${JSON.stringify({ agents, commands })}\n`);
        return;
      }
      printTable([
        ['AGENT', 'TYPE', 'STATUS', 'QUEUE'],
        ...agents.map(({ agentId, agentType, status, queueLength }) => [
          agentId,
          agentType,
          status,
          String(queueLength),
        ]),
      ]);
      if (commands.length === 0) return;
      process.stdout.write('\n');
      printTable([
        ['COMMAND', 'AGENT', 'STATUS', 'PRIORITY', ''],
        ...commands.map(({ id, agentId, status, priority, command }) => [
          id,
          agentId,
          status,
          priority,
          command.replaceAll(/\s+/g, ' ').slice(0, LONGEST_COMMAND),
        ]),
      ]);
    });
}
