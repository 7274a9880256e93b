// `signalbox up`: what it prints about the account.
import { afterAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { buildBinary } from '../support/binary.ts';
import { startProcess } from '../support/processes.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
const work = join(folder.path, 'work');
mkdirSync(work);
const user = Bun.spawnSync(['id', '-un']).stdout.toString().trim();
afterAll(folder.remove);

/** Starts and stops `up`. Returns its stdout and stderr, and whether the password signs in. */
async function startAndStop(
  data: string,
  password: string | null,
  env: Record<string, string> = {},
) {
  const command = [buildBinary(), 'up', '--port', '0', '--data', data, '--cwd', work];
  const running = startProcess(command, env);
  const [, url = ''] = await running.waitForOutput(/ready at (\S+)\n.+\n/);
  const [, printed] = /with password (\S+)/.exec(running.output()) ?? [];
  const response = await fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: password ?? printed }),
  });
  running.kill('SIGTERM');
  expect(await running.exited).toBe(0);
  return { output: running.output(), printed, status: response.status };
}

test('the generated password is printed once', async () => {
  const data = join(folder.path, 'generated');
  const { printed = '', status } = await startAndStop(data, null);
  expect(printed).toMatch(/^[\w-]{12}$/);
  expect(status).toBe(200);

  const file = join(data, 'admin-password');
  const second = await startAndStop(data, printed);
  expect(second.output).toContain(
    `Sign in as admin with the password shown at the first start. It is stored in ${file}.\n`,
  );
  expect(second.output).not.toContain(printed);
  expect(second.status).toBe(200);
  expect((await Bun.file(file).text()).trim()).toBe(printed);
  expect(statSync(file).mode & 0o777).toBe(0o600);
}, 60_000);

test('a chosen password is never printed', async () => {
  const data = join(folder.path, 'chosen');
  const password = 'a chosen password';
  const first = await startAndStop(data, password, { SIGNALBOX_ADMIN_PASSWORD: password });
  expect(first.output).toContain('with the password in SIGNALBOX_ADMIN_PASSWORD.\n');
  const second = await startAndStop(data, password);
  expect(second.output).toContain('Sign in as admin with the password you chose.\n');
  for (const { output, status } of [first, second]) {
    expect(output).not.toContain(password);
    expect(status).toBe(200);
    expect(output).toContain(`Commands run in ${work} as the user ${user}.`);
  }
}, 60_000);

test.each([
  ['inside the working directory', ['work', 'data'], ['work']],
  ['deep inside the working directory', ['work', 'a', 'b'], ['work']],
  ['the working directory', ['work'], ['work']],
  ['above the working directory', ['.'], ['work']],
  ['inside the target of a symbolic link', ['work', 'data'], ['link']],
])('it does not start if the data folder is %s', async (_name, data, cwd) => {
  if (!existsSync(join(folder.path, 'link'))) symlinkSync(work, join(folder.path, 'link'));
  const [dataFolder, workFolder] = [data, cwd].map((parts) => join(folder.path, ...parts));
  const running = startProcess(
    [buildBinary(), 'up', '--port', '0', '--data', dataFolder ?? '', '--cwd', workFolder ?? ''],
    {},
  );
  expect(await running.exited).not.toBe(0);
  expect(running.output()).toMatch(/^error: The .+ is inside the .+ Choose another folder/i);
  expect(readdirSync(work)).toEqual([]);
});

test('a data folder beside the working directory with a similar name is allowed', async () => {
  const { status } = await startAndStop(join(folder.path, 'work-data'), null);
  expect(status).toBe(200);
}, 60_000);

test.each(['up', 'serve'])('%s rejects a password of less than 12 characters', async (command) => {
  const data = join(folder.path, `short-${command}`);
  const flags = command === 'up' ? ['--cwd', work] : [];
  const running = startProcess([buildBinary(), command, '--port', '0', '--data', data, ...flags], {
    SIGNALBOX_ADMIN_PASSWORD: 'elevenchars',
  });
  expect(await running.exited).not.toBe(0);
  expect(running.output()).toContain(
    'SIGNALBOX_ADMIN_PASSWORD must be at least 12 characters long.',
  );
});
