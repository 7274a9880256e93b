// `signalbox agent-token`: lists, adds and revokes the tokens of agents.
import { Command, Option } from 'commander';
import { parseDuration } from '../config.ts';
import { AgentTokenPage, type AgentTokenSummary, CreatedAgentToken } from '../protocol/tokens.ts';
import { createApiClient } from './api-client.ts';
import { type ClientFlags, withClientOptions } from './client-options.ts';
import { writeError, writeOut } from './output.ts';
import { formatTime, printTable } from './table.ts';
import { toJson } from './json.ts';

export function agentTokenCommand(): Command {
  return new Command('agent-token')
    .description('List, add and revoke the tokens of an agent')
    .addCommand(listCommand())
    .addCommand(addCommand())
    .addCommand(revokeCommand());
}

const pathOf = (agentId: string) => `/agents/${encodeURIComponent(agentId)}/tokens`;

function listCommand(): Command {
  return withClientOptions(new Command('list'))
    .description('List the tokens of an agent')
    .argument('<agent>', 'agent ID')
    .addHelpText('after', '\nExample:\n  signalbox agent-token list build-1')
    .action(async (agentId: string, flags: ClientFlags) => {
      const { items } = await createApiClient(flags.hub).get(pathOf(agentId), AgentTokenPage);
      if (flags.json) return items.forEach((token) => writeOut(`${toJson(token)}\n`));
      return printTable([
        ['ID', 'NAME', 'ADDED BY', 'LAST USED', 'EXPIRES'],
        ...items.map((token) => [
          token.id,
          token.name ?? '-',
          token.createdBy,
          describeUse(token),
          formatTime(token.expiresAt),
        ]),
      ]);
    });
}

function describeUse({ isInUse, lastUsedAt }: AgentTokenSummary): string {
  return isInUse ? 'connected' : formatTime(lastUsedAt);
}

function addCommand(): Command {
  return withClientOptions(new Command('add'))
    .description('Add a token, and print it once')
    .argument('<agent>', 'agent ID')
    .option('--name <name>', 'Name of the token')
    .addOption(
      new Option('--expires-in <duration>', 'How long the token is valid, such as 90d')
        .default(undefined, 'forever')
        .argParser(parseDuration),
    )
    .addHelpText(
      'after',
      `
Prints only the token to stdout. To replace a token without an interruption, add
a new one, write it to the agent's --token-file, and revoke the old one: the
agent reconnects with the new token, and its command continues.

Examples:
  signalbox agent-token add build-1 --name laptop --expires-in 90d
  signalbox agent-token add build-1 > token`,
    )
    .action(async (agentId: string, flags: ClientFlags & { name?: string; expiresIn?: number }) => {
      const { name, expiresIn } = flags;
      const created = await createApiClient(flags.hub).post(pathOf(agentId), CreatedAgentToken, {
        ...(name !== undefined && { name }),
        ...(expiresIn !== undefined && { expiresAt: Date.now() + expiresIn }),
      });
      if (flags.json) return writeOut(`${toJson(created)}\n`);
      writeError(`Added token ${created.id}. It is shown only once:\n`);
      return writeOut(`${created.token}\n`);
    });
}

function revokeCommand(): Command {
  return withClientOptions(new Command('revoke'))
    .description('Revoke a token, and close the connection that uses it')
    .argument('<agent>', 'agent ID')
    .argument('<token-id>', 'ID of the token, from "agent-token list"')
    .addHelpText(
      'after',
      '\nExample:\n  signalbox agent-token revoke build-1 019a4c7e-8f4e-7000-a9f6-1c2d3e4f5a6b',
    )
    .action(async (agentId: string, id: string, flags: ClientFlags) => {
      await createApiClient(flags.hub).remove(`${pathOf(agentId)}/${encodeURIComponent(id)}`);
      writeOut(flags.json ? `${toJson({ id, revoked: true })}\n` : `Revoked ${id}\n`);
    });
}
