// The options of single sign-on with OpenID Connect.
import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { envOption } from '../config.ts';
import { Role } from '../protocol/entities.ts';
import type { IdentityProviderSettings } from '../web/identity-provider.ts';
import { CliError } from './cli-error.ts';
import { isLoopback } from './addresses.ts';
import { readSecret } from './secrets.ts';

export interface OidcFlags {
  oidcIssuer?: string;
  oidcClientId?: string;
  oidcClientSecretFile?: string;
  oidcName: string;
  oidcGroupsClaim: string;
  oidcRole?: Record<string, Role>;
  oidcDefaultRole?: Role;
}

const SECRET_VARIABLE = 'SIGNALBOX_OIDC_CLIENT_SECRET';
const roles = Role.anyOf.map(({ const: role }) => role);

/** Adds the options to a command. */
export function withOidcOptions(command: Command): Command {
  return command
    .addOption(
      envOption(
        '--oidc-issuer <url>',
        'Issuer URL of the OpenID Connect provider for single sign-on',
      )
        .default(undefined, 'no single sign-on')
        .argParser(parseIssuer),
    )
    .addOption(envOption('--oidc-client-id <id>', 'Client ID of the hub at the provider'))
    .addOption(
      envOption('--oidc-client-secret-file <file>', 'File that contains the client secret'),
    )
    .addOption(
      envOption('--oidc-name <name>', 'Name of the provider on the sign-in page').default(
        'single sign-on',
      ),
    )
    .addOption(
      envOption('--oidc-groups-claim <claim>', 'Claim that contains the groups of a user').default(
        'groups',
      ),
    )
    .addOption(
      envOption('--oidc-role <group=role>', 'Role of a group; can be repeated').argParser(
        parseRoles,
      ),
    )
    .addOption(
      envOption('--oidc-default-role <role>', 'Role of users without such a group')
        .choices(roles)
        .default(undefined, 'not allowed to sign in'),
    );
}

/** Parses an https URL, or an http URL of this machine. */
function parseIssuer(text: string): string {
  const url = URL.parse(text);
  const isLocal = url?.protocol === 'http:' && isLoopback(url.hostname);
  if (url?.protocol === 'https:' || isLocal) return text;
  throw new InvalidArgumentError('Expected an https URL such as https://sso.example.com.');
}

/** Parses `group=role`. In the environment, several are separated by semicolons. */
function parseRoles(text: string, earlier: Record<string, Role> = {}): Record<string, Role> {
  const parsed = text.split(';').map((entry): [string, Role] => {
    const at = entry.lastIndexOf('=');
    const role = roles.find((one) => one === entry.slice(at + 1).trim());
    if (at > 0 && role) return [entry.slice(0, at).trim(), role];
    throw new InvalidArgumentError(`Expected group=role, with a role of ${roles.join(', ')}.`);
  });
  return { ...earlier, ...Object.fromEntries(parsed) };
}

/**
 * Returns the settings of single sign-on; null if it is not set up.
 * @throws {CliError} if a setting is missing, or the secret cannot be read
 */
export function readOidcSettings(flags: OidcFlags): IdentityProviderSettings | null {
  const { oidcIssuer: issuer, oidcClientId: clientId } = flags;
  const clientSecret = readClientSecret(flags.oidcClientSecretFile);
  if (issuer === undefined && clientId === undefined && clientSecret === null) return null;
  if (issuer === undefined || clientId === undefined || clientSecret === null) {
    throw new CliError(
      `Single sign-on needs --oidc-issuer, --oidc-client-id, and --oidc-client-secret-file or ${SECRET_VARIABLE}.`,
    );
  }
  if (flags.oidcRole === undefined && flags.oidcDefaultRole === undefined) {
    throw new CliError(
      'With --oidc-issuer, set --oidc-role or --oidc-default-role. Otherwise nobody can sign in with it.',
    );
  }
  return {
    issuer,
    clientId,
    clientSecret,
    name: flags.oidcName,
    groupsClaim: flags.oidcGroupsClaim,
    roles: flags.oidcRole ?? {},
    defaultRole: flags.oidcDefaultRole ?? null,
  };
}

function readClientSecret(file: string | undefined): string | null {
  if (file === undefined) return readSecret(SECRET_VARIABLE)?.trim() || null;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`Cannot read the file with the client secret: ${reason}`);
  }
}
