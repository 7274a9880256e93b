// `signalbox token`, and the command line with an API token, against a real hub.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { parseLines, runBinary } from '../support/cli.ts';
import { type CliFixture, startCliFixture } from '../support/cli-fixture.ts';

let fixture: CliFixture;
beforeAll(async () => {
  fixture = await startCliFixture(['a1']);
});
afterAll(() => fixture.stop());

const token = (...words: string[]) => fixture.cli.run('token', ...words);
const runWith = (secret: string, ...words: string[]) =>
  runBinary(words, { ...fixture.cli.env, SIGNALBOX_TOKEN: secret });

test('a token runs commands with its scope until it is revoked', async () => {
  const added = await token('add', 'ci', '--scope', 'operator');
  expect(added.exitCode).toBe(0);
  expect(added.stdout).toMatch(/^sbp_[\w-]{43}\n$/);
  expect(added.stderr).toMatch(/^Added token \S+, valid until \S+\. It is shown only once:\n$/);
  const secret = added.stdout.trim();
  const run = ['run', '--hub', fixture.hub.url, '--agent', 'a1', '!echo hello'];
  expect(await runWith(secret, ...run)).toMatchObject({ exitCode: 0, stdout: 'hello\n' });
  const other = await runWith(secret, 'user', 'list', '--hub', fixture.hub.url);
  expect(other.stderr).toContain('this requires the role admin');
  const list = await runWith(secret, 'token', 'list', '--hub', fixture.hub.url);
  expect(list).toMatchObject({
    exitCode: 1,
    stderr: 'Error: You cannot manage your account with an API token. Sign in instead.\n',
  });

  const [stored] = parseLines((await token('list', '--json')).stdout);
  expect(stored).toMatchObject({ name: 'ci', scope: 'operator', lastAddress: '127.0.0.1' });
  const validity = Number(stored?.['expiresAt']) - Number(stored?.['createdAt']);
  expect(validity / 86_400_000).toBeCloseTo(90, 2);
  expect((await token('list')).stdout).toMatch(/ci +operator +\S+ +\S+ +127\.0\.0\.1/);
  const id = String(stored?.['id']);
  expect((await token('revoke', id)).stdout).toBe(`Revoked ${id}\n`);
  const rejected = 'Error: The token in SIGNALBOX_TOKEN is not valid.';
  expect((await runWith(secret, 'ps', '--hub', fixture.hub.url)).stderr).toStartWith(rejected);
  expect((await runWith(secret, ...run)).stderr).toContain('not valid');
});

test('errors are one clear line', async () => {
  const cases: [string[], string][] = [
    [['add', 'ci'], "Required option '--scope <role>' not specified."],
    [['add', 'ci', '--scope', 'root'], 'Allowed choices are viewer, operator, admin.'],
    [['add', '', '--scope', 'viewer'], 'Invalid request body: name:'],
    [['add', 'ci', '--scope', 'viewer', '--expires-in', '366d'], 'Expected a duration'],
    [['revoke', 'x'], 'Token not found.'],
  ];
  for (const [words, message] of cases) {
    const { exitCode, stdout, stderr } = await token(...words);
    expect([words, exitCode, stdout]).toEqual([words, 1, '']);
    expect(stderr).toContain(message);
  }
});
