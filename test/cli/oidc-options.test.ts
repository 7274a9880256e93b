// The options of single sign-on.
import { afterAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { Command } from 'commander';
import { type OidcFlags, readOidcSettings, withOidcOptions } from '../../src/cli/oidc-options.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
afterAll(folder.remove);

const secretFile = join(folder.path, 'secret');
await Bun.write(secretFile, 'a secret\n');
const CLIENT = ['--oidc-issuer', 'https://sso.example.com', '--oidc-client-id', 'hub'];
const SECRET = ['--oidc-client-secret-file', secretFile];

/** Parses options as `serve` does. */
function read(...words: string[]) {
  const command = withOidcOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr() {} });
  command.parse(words, { from: 'user' });
  return readOidcSettings(command.opts<OidcFlags>());
}

/** Parses options with a variable in the environment. */
function readWith(name: string, value: string, ...words: string[]) {
  process.env[name] = value;
  try {
    return read(...words);
  } finally {
    delete process.env[name];
  }
}

test('all settings are read, and the roles of several groups', () => {
  expect(read()).toBeNull();
  const roles = ['--oidc-role', 'admins=admin', '--oidc-role', 'cn=dev,ou=groups=operator'];
  expect(read(...CLIENT, ...SECRET, ...roles)).toEqual({
    issuer: 'https://sso.example.com',
    clientId: 'hub',
    clientSecret: 'a secret',
    name: 'single sign-on',
    groupsClaim: 'groups',
    roles: { admins: 'admin', 'cn=dev,ou=groups': 'operator' },
    defaultRole: null,
  });
  expect(
    readWith('SIGNALBOX_OIDC_ROLE', 'admins=admin; ops=operator', ...CLIENT, ...SECRET),
  ).toMatchObject({ roles: { admins: 'admin', ops: 'operator' } });
});

test('the secret can be in the environment', () => {
  const words = [...CLIENT, '--oidc-default-role', 'viewer'];
  expect(readWith('SIGNALBOX_OIDC_CLIENT_SECRET', ' a secret\n', ...words)).toMatchObject({
    clientSecret: 'a secret',
    defaultRole: 'viewer',
  });
});

test.each(['http://127.0.0.1:9000', 'http://localhost:9000', 'http://[::1]:9000'])(
  'the issuer %s is allowed, because it is on this machine',
  (issuer) => {
    const words = ['--oidc-issuer', issuer, '--oidc-client-id', 'hub', ...SECRET];
    expect(read(...words, '--oidc-default-role', 'viewer')).toMatchObject({ issuer });
  },
);

const INCOMPLETE = 'Single sign-on needs --oidc-issuer, --oidc-client-id, and --oidc-client-secret';
const ISSUER = 'Expected an https URL';
const ROLE = 'Expected group=role, with a role of viewer, operator, admin.';
test.each([
  ['no client', ['--oidc-issuer', 'https://sso.example.com'], INCOMPLETE],
  ['no secret', [...CLIENT, '--oidc-default-role', 'viewer'], INCOMPLETE],
  ['no issuer', SECRET, INCOMPLETE],
  ['no role', [...CLIENT, ...SECRET], 'set --oidc-role or --oidc-default-role'],
  ['an issuer without TLS', ['--oidc-issuer', 'http://sso.example.com'], ISSUER],
  ['an issuer without TLS in the network', ['--oidc-issuer', 'http://10.0.0.1'], ISSUER],
  ['an issuer that is no URL', ['--oidc-issuer', 'sso'], ISSUER],
  ['an unknown role', ['--oidc-role', 'admins=root'], ROLE],
  ['a group without a role', ['--oidc-role', 'admins'], ROLE],
  ['a role without a group', ['--oidc-role', '=admin'], ROLE],
  ['an unknown default role', ['--oidc-default-role', 'root'], 'Allowed choices are'],
  ['a missing file', [...CLIENT, '--oidc-client-secret-file', '/missing'], 'Cannot read the file'],
])('%s is an error', (_what, words, message) => {
  expect(() => read(...words)).toThrow(message);
});
