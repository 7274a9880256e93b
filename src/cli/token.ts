// `signalbox token`: lists, adds and revokes the user's own API tokens.
import { Command, Option } from 'commander';
import ms from 'ms';
import { parseDuration } from '../config.ts';
import { Role } from '../protocol/entities.ts';
import { ApiTokenPage, CreatedApiToken } from '../protocol/tokens.ts';
import { createApiClient } from './api-client.ts';
import { type ClientFlags, withClientOptions } from './client-options.ts';
import { writeError, writeOut } from './output.ts';
import { formatTime, printTable } from './table.ts';
import { toJson } from './json.ts';

const DEFAULT_VALIDITY_MS = 90 * 86_400_000;
const PATH = '/account/tokens';

export function tokenCommand(): Command {
  return new Command('token')
    .description('List, add and revoke your API tokens, for scripts and CI')
    .addCommand(listCommand())
    .addCommand(addCommand())
    .addCommand(revokeCommand());
}

function listCommand(): Command {
  return withClientOptions(new Command('list'))
    .description('List your API tokens')
    .addHelpText('after', '\nExample:\n  signalbox token list')
    .action(async (flags: ClientFlags) => {
      const { items } = await createApiClient(flags.hub).get(PATH, ApiTokenPage);
      if (flags.json) return items.forEach((token) => writeOut(`${toJson(token)}\n`));
      return printTable([
        ['ID', 'NAME', 'SCOPE', 'EXPIRES', 'LAST USED', 'FROM'],
        ...items.map((token) => [
          token.id,
          token.name,
          token.scope,
          formatTime(token.expiresAt),
          formatTime(token.lastUsedAt),
          token.lastAddress ?? '-',
        ]),
      ]);
    });
}

function addCommand(): Command {
  return withClientOptions(new Command('add'))
    .description('Add an API token, and print it once')
    .argument('<name>', 'what uses the token')
    .addOption(
      new Option('--scope <role>', 'Highest role that the token may act with')
        .choices(Role.anyOf.map(({ const: role }) => role))
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--expires-in <duration>', 'How long the token is valid, at most 365d')
        .default(DEFAULT_VALIDITY_MS, ms(DEFAULT_VALIDITY_MS))
        .argParser(parseDuration),
    )
    .addHelpText(
      'after',
      `
Prints only the token to stdout. Scripts use it in SIGNALBOX_TOKEN, or in the
header "Authorization: Bearer TOKEN". It cannot manage users, your account or your
tokens: sign in with "signalbox login" for that.

Example:
  signalbox token add nightly-build --scope operator --expires-in 30d`,
    )
    .action(async (name: string, { hub, json, scope, expiresIn }: ClientFlags & AddFlags) => {
      const body = { name, scope, expiresAt: Date.now() + expiresIn };
      const created = await createApiClient(hub).post(PATH, CreatedApiToken, body);
      if (json) return writeOut(`${toJson(created)}\n`);
      const expires = formatTime(created.expiresAt);
      writeError(`Added token ${created.id}, valid until ${expires}. It is shown only once:\n`);
      return writeOut(`${created.token}\n`);
    });
}

interface AddFlags {
  scope: Role;
  expiresIn: number;
}

function revokeCommand(): Command {
  return withClientOptions(new Command('revoke'))
    .description('Revoke one of your API tokens')
    .argument('<token-id>', 'ID of the token, from "token list"')
    .addHelpText(
      'after',
      '\nExample:\n  signalbox token revoke 019a4c7e-8f4e-7000-a9f6-1c2d3e4f5a6b',
    )
    .action(async (id: string, flags: ClientFlags) => {
      await createApiClient(flags.hub).remove(`${PATH}/${encodeURIComponent(id)}`);
      writeOut(flags.json ? `${toJson({ id, revoked: true })}\n` : `Revoked ${id}\n`);
    });
}
