// `signalbox user`: manages the users of a hub, and changes the own password.
import { Argument, Command, Option } from 'commander';
import { Role } from '../protocol/entities.ts';
import type { Grants } from '../protocol/grants.ts';
import { PasswordLink, UserPage, UserSummary } from '../protocol/users.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { type ClientFlags, withClientOptions } from './client-options.ts';
import { chooseNewPassword, readCurrentPassword } from './password-prompt.ts';
import { writeOut } from './output.ts';
import { formatTime, printTable } from './table.ts';
import { toJson } from './json.ts';

const roles = Role.anyOf.map(({ const: role }) => role);

export function userCommand(): Command {
  return new Command('user')
    .description('Manage users, or change your password')
    .addCommand(listCommand())
    .addCommand(addCommand())
    .addCommand(passwordCommand())
    .addCommand(resetTwoFactorCommand())
    .addCommand(roleCommand())
    .addCommand(agentsCommand())
    .addCommand(disableCommand())
    .addCommand(enableCommand())
    .addCommand(removeCommand())
    .addCommand(eraseCommand());
}

const pathOf = (username: string) => `/users/${encodeURIComponent(username)}`;

function listCommand(): Command {
  return withClientOptions(new Command('list'))
    .description('List users')
    .addHelpText('after', '\nExample:\n  signalbox user list')
    .action(async (flags: ClientFlags) => {
      const { items } = await createApiClient(flags.hub).get('/users', UserPage);
      if (flags.json) return items.forEach((user) => writeOut(`${toJson(user)}\n`));
      return printTable([
        ['USERNAME', 'ROLE', 'AGENTS', 'STATUS', '2FA', 'LAST SEEN'],
        ...items.map((user) => [
          user.username,
          user.role,
          user.agents?.join(',') ?? 'all',
          describe(user),
          user.hasTwoFactor ? 'on' : '-',
          formatTime(user.lastSeenAt),
        ]),
      ]);
    });
}

function describe({ disabledAt, hasPassword, hasSingleSignOn }: UserSummary): string {
  if (disabledAt !== null) return 'disabled';
  if (hasSingleSignOn) return 'active (single sign-on)';
  return hasPassword ? 'active' : 'invited';
}

function addCommand(): Command {
  return withClientOptions(new Command('add'))
    .description('Add a user and print a link to choose a password')
    .argument('<username>')
    .addOption(new Option('--role <role>', 'Role').choices(roles).makeOptionMandatory())
    .addOption(agentsOption())
    .addHelpText(
      'after',
      '\nThe link works once, for 15 minutes.\n\nExample:\n  signalbox user add ada@example.com --role operator',
    )
    .action(async (username: string, flags: ClientFlags & { role: Role; agents: Grants }) => {
      const client = createApiClient(flags.hub);
      await client.post('/users', UserSummary, {
        username,
        role: flags.role,
        agents: flags.agents,
      });
      await printPasswordLink(client, username, flags);
    });
}

function passwordCommand(): Command {
  return withClientOptions(new Command('passwd'))
    .description("Change your password, or print a link to reset another user's")
    .argument('[username]', 'user whose password to reset')
    .addHelpText(
      'after',
      `
Reads the current password from SIGNALBOX_PASSWORD or a prompt, and the new one
from SIGNALBOX_NEW_PASSWORD or a prompt. Your other sessions end.

Examples:
  signalbox user passwd
  signalbox user passwd ada`,
    )
    .action(async (username: string | undefined, flags: ClientFlags) => {
      const client = createApiClient(flags.hub);
      if (username !== undefined) return printPasswordLink(client, username, flags);
      const body = {
        currentPassword: await readCurrentPassword(),
        newPassword: await chooseNewPassword(),
      };
      await client.put('/account/password', body);
      writeOut(
        flags.json ? '{"changed":true}\n' : 'Password changed. Your other sessions have ended.\n',
      );
    });
}

async function printPasswordLink(client: ApiClient, username: string, { json }: ClientFlags) {
  const link = await client.post(`${pathOf(username)}/password-link`, PasswordLink);
  writeOut(
    json
      ? `${toJson(link)}\n`
      : `Send this link to ${username}. It works once, until ${formatTime(link.expiresAt)}:\n${link.url}\n`,
  );
}

function roleCommand(): Command {
  return withClientOptions(new Command('role'))
    .description('Change the role of a user, which signs the user out')
    .argument('<username>')
    .addArgument(new Argument('<role>').choices(roles))
    .addHelpText('after', '\nExample:\n  signalbox user role ada viewer')
    .action((username: string, role: string, flags: ClientFlags) =>
      change(flags, username, { role }),
    );
}

function agentsOption(): Option {
  return new Option('--agents <list>', 'Agent IDs and label:NAME, separated by commas')
    .default(null, 'all')
    .argParser(parseGrants);
}

const parseGrants = (text: string): Grants => (text === 'all' ? null : text.split(','));

function agentsCommand(): Command {
  return withClientOptions(new Command('agents'))
    .description('Change which agents a user sees and uses, which signs the user out')
    .argument('<username>')
    .argument('<list>', 'agent IDs and label:NAME, separated by commas; or "all"')
    .addHelpText('after', '\nExample:\n  signalbox user agents ada build-1,label:team-a')
    .action((username: string, list: string, flags: ClientFlags) =>
      change(flags, username, { agents: parseGrants(list) }),
    );
}

function resetTwoFactorCommand(): Command {
  return withClientOptions(new Command('reset-2fa'))
    .description('Turn off two-factor sign-in of a user who lost the authenticator app')
    .argument('<username>')
    .addHelpText('after', '\nExample:\n  signalbox user reset-2fa ada')
    .action((username: string, flags: ClientFlags) =>
      change(flags, username, { twoFactor: false }),
    );
}

function disableCommand(): Command {
  return withClientOptions(new Command('disable'))
    .description('Sign a user out everywhere, and block signing in')
    .argument('<username>')
    .addHelpText('after', '\nExample:\n  signalbox user disable ada')
    .action((username: string, flags: ClientFlags) => change(flags, username, { disabled: true }));
}

function enableCommand(): Command {
  return withClientOptions(new Command('enable'))
    .description('Let a disabled user sign in again')
    .argument('<username>')
    .addHelpText('after', '\nExample:\n  signalbox user enable ada')
    .action((username: string, flags: ClientFlags) => change(flags, username, { disabled: false }));
}

async function change(flags: ClientFlags, username: string, changes: unknown): Promise<void> {
  const user = await createApiClient(flags.hub).patch(pathOf(username), UserSummary, changes);
  writeOut(
    flags.json
      ? `${toJson(user)}\n`
      : `${user.username}: role ${user.role}, agents ${user.agents?.join(',') ?? 'all'}, ${describe(user)}\n`,
  );
}

function removeCommand(): Command {
  return withClientOptions(new Command('remove'))
    .description('Remove a user; the history keeps the name')
    .argument('<username>')
    .addHelpText('after', '\nExample:\n  signalbox user remove ada')
    .action(async (username: string, flags: ClientFlags) => {
      await createApiClient(flags.hub).remove(pathOf(username));
      writeOut(flags.json ? `${toJson({ username, removed: true })}\n` : `Removed ${username}\n`);
    });
}

function eraseCommand(): Command {
  return withClientOptions(new Command('erase'))
    .description('Delete the name of a removed user from the history and all logs')
    .argument('<username>')
    .addHelpText(
      'after',
      `
Commands, approvals, the connection log and the audit log then show "deleted
user". Addresses and browsers are deleted. This cannot be undone. The text and
the output of commands do not change.

Example:
  signalbox user remove ada && signalbox user erase ada`,
    )
    .action(async (username: string, flags: ClientFlags) => {
      await createApiClient(flags.hub).remove(`${pathOf(username)}/data`);
      writeOut(
        flags.json ? `${toJson({ username, erased: true })}\n` : `Erased the data of ${username}\n`,
      );
    });
}
