// `signalbox login` with two-factor sign-in, and `signalbox user reset-2fa`, against a real hub.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { parseLines, runBinary } from '../support/cli.ts';
import { type CliFixture, startCliFixture } from '../support/cli-fixture.ts';
import { createCode } from '../support/one-time-code.ts';

let fixture: CliFixture;
beforeAll(async () => {
  fixture = await startCliFixture([]);
});
afterAll(() => fixture.stop());

/** Submits a form of the account page, as the admin. */
async function submit(path: string, form: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${fixture.hub.url}/account/two-factor${path}`, {
    method: 'POST',
    headers: { authorization: fixture.cli.headers['authorization']! },
    body: new URLSearchParams(form),
  });
  expect(response.status).toBe(200);
  return response.text();
}

const login = (code = '') =>
  runBinary(['login', '--json'], { ...fixture.cli.env, SIGNALBOX_TOKEN: '', SIGNALBOX_CODE: code });

test('login asks for a code, until an admin turns two-factor sign-in off', async () => {
  const [, key = ''] = /aria-label="Key">([A-Z2-7 ]+)</.exec(await submit('/setup')) ?? [];
  const code = createCode(key.replaceAll(' ', ''), Date.now());
  const [recoveryCode = ''] = /[a-z2-7]{4}(-[a-z2-7]{4}){3}/.exec(await submit('', { code })) ?? [];

  expect(await login()).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'Error: This user needs a code to sign in. Set SIGNALBOX_CODE, or use a terminal.\n',
  });
  expect((await login('000000')).stderr).toBe('Error: Incorrect code.\n');
  expect(parseLines((await login(recoveryCode)).stdout)[0]).toMatchObject({ username: 'admin' });

  const list = async () => (await fixture.cli.run('user', 'list')).stdout.split('\n');
  expect((await list())[1]).toMatch(/^admin +admin +all +active +on /);
  expect(await fixture.cli.run('user', 'reset-2fa', 'admin')).toEqual({
    exitCode: 0,
    stdout: 'admin: role admin, agents all, active\n',
    stderr: '',
  });
  expect((await list())[1]).toMatch(/^admin +admin +all +active +- /);
  expect((await login()).exitCode).toBe(0);
  expect((await fixture.cli.run('user', 'reset-2fa', 'eve')).stderr).toBe(
    'Error: User "eve" not found.\n',
  );
});
