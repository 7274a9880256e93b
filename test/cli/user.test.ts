// `signalbox user`: users are managed from the command line, against a real hub.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { PasswordLink, UserSummary } from '../../src/protocol/users.ts';
import { PASSWORD } from '../support/binary.ts';
import { parseLines, runBinary } from '../support/cli.ts';
import { type CliFixture, startCliFixture } from '../support/cli-fixture.ts';

let fixture: CliFixture;
beforeAll(async () => {
  fixture = await startCliFixture([]);
});
afterAll(() => fixture.stop());

const NEW_PASSWORD = 'a password from a link';

const user = (...words: string[]) => fixture.cli.run('user', ...words);

/** Lists the users as `username role agents status`. */
async function list(): Promise<string[]> {
  const { stdout } = await user('list');
  const [, ...rows] = stdout.trim().split('\n');
  return rows.map((row) => row.split(/ {2,}/).slice(0, 4).join(' '));
}

/** Signs in, and returns the environment of the session. */
async function signIn(username: string, password: string) {
  const env = { ...fixture.cli.env, SIGNALBOX_TOKEN: '', SIGNALBOX_PASSWORD: password };
  const result = await runBinary(['login', '--username', username, '--json'], env);
  return { env, result };
}

function choosePassword(url: string, password: string) {
  const token = new URL(url).searchParams.get('token') ?? '';
  const body = new URLSearchParams({ token, password, confirmation: password });
  return fetch(`${fixture.hub.url}/password`, { method: 'POST', redirect: 'manual', body });
}

test('a user is added, signs in, gets another role, is disabled, enabled and removed', async () => {
  const added = await user('add', 'ada', '--role', 'viewer');
  expect(added).toMatchObject({ exitCode: 0, stderr: '' });
  const [url = ''] = /http\S+/.exec(added.stdout) ?? [];
  expect(added.stdout).toStartWith('Send this link to ada. It works once, until 20');
  expect(await list()).toEqual(['ada viewer all invited', 'admin admin all active']);
  expect((await choosePassword(url, NEW_PASSWORD)).status).toBe(303);
  const { env, result } = await signIn('ada', NEW_PASSWORD);
  expect(JSON.parse(result.stdout)).toMatchObject({ username: 'ada', role: 'viewer' });
  expect(await runBinary(['user', 'list'], env)).toMatchObject({
    exitCode: 1,
    stdout: '',
    stderr: 'Error: You cannot manage users. Your role is viewer; this requires the role admin.\n',
  });

  expect((await user('role', 'ada', 'operator')).stdout).toBe(
    'ada: role operator, agents all, active\n',
  );
  expect(await runBinary(['ps'], env)).toMatchObject({ exitCode: 1, stdout: '' });
  expect((await signIn('ada', NEW_PASSWORD)).result.exitCode).toBe(0);
  const misspelt = await user('agents', 'ada', 'build-1');
  expect(misspelt).toMatchObject({ exitCode: 1, stderr: 'Error: There is no agent build-1.\n' });
  const agent = JSON.stringify({ agentId: 'build-1', agentType: 'claude' });
  await fixture.api('/agents', { method: 'POST', headers: fixture.cli.headers, body: agent });
  const limited = await user('agents', 'ada', 'build-1,label:team');
  expect(limited.stdout).toBe('ada: role operator, agents build-1,label:team, active\n');
  expect((await user('agents', 'ada', 'all')).exitCode).toBe(0);
  expect((await user('disable', 'ada')).stdout).toBe('ada: role operator, agents all, disabled\n');
  expect((await signIn('ada', NEW_PASSWORD)).result.stderr).toContain('Incorrect username');
  expect((await user('enable', 'ada')).stdout).toBe('ada: role operator, agents all, active\n');
  expect((await user('erase', 'ada')).stderr).toContain('Remove the user first.');
  expect((await user('remove', 'ada')).stdout).toBe('Removed ada\n');
  expect((await user('erase', 'ada')).stdout).toBe('Erased the data of ada\n');
  expect(await list()).toEqual(['admin admin all active']);
}, 60_000);

test('a user changes the own password, and an admin resets one with a link', async () => {
  const link = JSON.parse(
    (await user('add', 'bob', '--role', 'operator', '--json')).stdout,
  ) as PasswordLink;
  await choosePassword(link.url, NEW_PASSWORD);
  const { env } = await signIn('bob', NEW_PASSWORD);
  const short = await runBinary(['user', 'passwd'], { ...env, SIGNALBOX_NEW_PASSWORD: 'short' });
  expect(short.stderr).toBe('Error: The new password must be at least 12 characters long.\n');
  const wrong = { ...env, SIGNALBOX_PASSWORD: 'wrong', SIGNALBOX_NEW_PASSWORD: PASSWORD };
  expect((await runBinary(['user', 'passwd'], wrong)).stderr).toBe(
    'Error: The current password is incorrect.\n',
  );
  const right = { ...env, SIGNALBOX_NEW_PASSWORD: PASSWORD };
  expect((await runBinary(['user', 'passwd'], right)).stdout).toStartWith('Password changed.');
  expect((await runBinary(['ps'], env)).exitCode).toBe(0);
  expect((await signIn('bob', NEW_PASSWORD)).result.exitCode).toBe(1);
  expect((await signIn('bob', PASSWORD)).result.exitCode).toBe(0);

  const reset = JSON.parse((await user('passwd', 'bob', '--json')).stdout) as PasswordLink;
  expect((await choosePassword(reset.url, NEW_PASSWORD)).status).toBe(303);
  expect((await signIn('bob', NEW_PASSWORD)).result.exitCode).toBe(0);
}, 60_000);

test('errors are one clear line', async () => {
  const cases: [string[], string][] = [
    [['add', 'Ada', '--role', 'viewer'], 'Invalid request body: username:'],
    [['add', 'ada'], "Required option '--role <role>' not specified."],
    [['add', 'admin', '--role', 'viewer'], 'A user "admin" already exists.'],
    [['role', 'eve', 'viewer'], 'User "eve" not found.'],
    [['role', 'admin', 'root'], 'Allowed choices are viewer, operator, admin.'],
    [['role', 'admin', 'viewer'], '"admin" is the only admin. Make another user an admin first.'],
    [['remove', 'admin'], '"admin" is the only admin.'],
    [['agents', 'admin', 'a b'], 'Invalid request body: agents'],
    [['passwd', 'eve'], 'User "eve" not found.'],
  ];
  for (const [words, message] of cases) {
    const { exitCode, stdout, stderr } = await user(...words);
    expect([words, exitCode, stdout]).toEqual([words, 1, '']);
    expect(stderr).toStartWith('Error: ');
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  }
});

test('--json prints one object per line', async () => {
  const users = parseLines((await user('list', '--json')).stdout) as unknown as UserSummary[];
  expect(users.map(({ username, role }) => [username, role])).toContainEqual(['admin', 'admin']);
});
