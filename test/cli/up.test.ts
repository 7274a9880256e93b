// `signalbox up`: what it prints about the account.
import { afterAll, expect, test } from 'bun:test';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { buildBinary } from '../support/binary.ts';
import { startProcess } from '../support/processes.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
afterAll(folder.remove);

/** Starts and stops `up`. Returns its stdout and stderr, and whether the password signs in. */
async function startAndStop(
  data: string,
  password: string | null,
  env: Record<string, string> = {},
) {
  const command = [buildBinary(), 'up', '--port', '0', '--data', data, '--cwd', folder.path];
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
  }
}, 60_000);
