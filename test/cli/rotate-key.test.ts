// `signalbox rotate-key`: replaces the signing key of a stopped hub.
import { afterAll, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { signInToApi, startHubBinary } from '../support/binary.ts';
import { runBinary } from '../support/cli.ts';
import { startPostgres } from '../support/postgres.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
afterAll(folder.remove);

const rotate = (data: string) => runBinary(['rotate-key', '--data', data], {});

test('users stay signed in', async () => {
  const data = join(folder.path, 'data');
  const readKeys = () => JSON.parse(readFileSync(join(data, 'jwt-secret'), 'utf8')).keys;
  const first = await startHubBinary(data);
  const headers = await signInToApi(first.url);
  const running = await rotate(data);
  expect([running.exitCode, running.stdout]).toEqual([1, '']);
  expect(running.stderr).toContain('is in use by the hub at');
  first.kill('SIGTERM');
  await first.exited;
  const [key] = readKeys();
  expect(await rotate(data)).toEqual({
    exitCode: 0,
    stdout: 'Key replaced. Users stay signed in.\n',
    stderr: '',
  });
  expect(readKeys()).toEqual([expect.anything(), key]);
  const second = await startHubBinary(data);
  expect((await fetch(`${second.url}/api/v1/agents`, { headers })).status).toBe(200);
  second.kill('SIGTERM');
  await second.exited;
}, 60_000);

test('with a database, the key is replaced while the hub is running', async () => {
  const server = await startPostgres();
  try {
    const url = await server.createDatabase();
    const readKeys = async () => {
      const rows = await server.execute<{ text: string }>(
        `SELECT text FROM secrets WHERE name = 'jwt-secret'`,
        url,
      );
      return rows.length === 0 ? [] : JSON.parse(rows[0]?.text ?? '').keys;
    };
    const rotateShared = () => runBinary(['rotate-key', '--store', url], {});
    expect(await rotateShared()).toMatchObject({
      exitCode: 1,
      stderr: 'Error: The database has no key. Start a hub with this database first.\n',
    });
    const data = join(folder.path, 'shared');
    const first = await startHubBinary(data, ['--store', url]);
    const headers = await signInToApi(first.url);
    const isSignedIn = async (hub: { url: string }) =>
      (await fetch(`${hub.url}/api/v1/agents`, { headers })).status === 200;
    const [key] = await readKeys();
    expect(await rotateShared()).toEqual({
      exitCode: 0,
      stdout: 'Key replaced. Users stay signed in.\n',
      stderr: '',
    });
    expect(await readKeys()).toEqual([expect.anything(), key]);
    expect(await isSignedIn(first)).toBe(true);
    first.kill('SIGTERM');
    await first.exited;
    expect(existsSync(join(data, 'jwt-secret'))).toBe(false);
    const second = await startHubBinary(data, ['--store', url]);
    expect(await isSignedIn(second)).toBe(true);
    second.kill('SIGTERM');
    await second.exited;
  } finally {
    await server.remove();
  }
}, 60_000);

test('a folder without a hub is left alone', async () => {
  const data = join(folder.path, 'none');
  expect(await rotate(data)).toMatchObject({
    exitCode: 1,
    stderr: `Error: ${data} is not the data folder of a hub. Set --data.\n`,
  });
  expect(existsSync(data)).toBe(false);
});
