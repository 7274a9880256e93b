// `signalbox migrate`: a hub moves to PostgreSQL and back, as processes of the compiled executable.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { addAgent, buildBinary, signInToApi, startHubBinary } from '../support/binary.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import type { RunningProcess } from '../support/processes.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let server: PostgresServer;
let folder: TemporaryFolder;

beforeAll(async () => {
  server = await startPostgres();
  folder = createTemporaryFolder();
});
afterAll(async () => {
  await server.remove();
  folder.remove();
});

async function migrate(from: string, to: string) {
  const command = Bun.spawn([buildBinary(), 'migrate', '--from', from, '--to', to], {
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, error] = await Promise.all([
    new Response(command.stdout).text(),
    new Response(command.stderr).text(),
  ]);
  return { code: await command.exited, out, error };
}

async function stop(hub: RunningProcess): Promise<void> {
  hub.kill('SIGTERM');
  expect(await hub.exited).toBe(0);
}

async function listAgents(hub: { url: string }): Promise<string[]> {
  const headers = await signInToApi(hub.url);
  const response = await fetch(`${hub.url}/api/v1/agents`, { headers });
  const { items } = (await response.json()) as { items: { agentId: string }[] };
  return items.map(({ agentId }) => agentId);
}

test('moves a hub to PostgreSQL and back', async () => {
  const url = await server.createDatabase();
  const data = join(folder.path, 'data');
  const first = await startHubBinary(data);
  await addAgent(first.url, 'build');
  const locked = await migrate(`sqlite:${data}`, url);
  expect([locked.code, locked.error]).toEqual([1, expect.stringContaining('is in use by')]);
  await stop(first);

  const there = await migrate(`sqlite:${data}`, url);
  expect([there.code, there.error]).toEqual([0, '']);
  expect(there.out).toMatch(/^TABLE +ROWS +CHECKSUM\nusers +1 +[0-9a-f]{64}\n/);
  expect(there.out).toMatch(/\nagents +1 +[0-9a-f]{64}\n/);
  const again = await migrate(`sqlite:${data}`, url);
  expect([again.code, again.error]).toEqual([1, expect.stringContaining('is not empty')]);

  const second = await startHubBinary(data, ['--store', url]);
  expect(await listAgents(second)).toEqual(['build']);
  await addAgent(second.url, 'test');
  const used = await migrate(url, `sqlite:${join(folder.path, 'other')}`);
  expect([used.code, used.error]).toEqual([1, expect.stringContaining('A hub uses the database')]);
  await stop(second);

  const other = join(folder.path, 'other');
  expect((await migrate(url, `sqlite:${other}`)).code).toBe(0);
  const third = await startHubBinary(other);
  expect(await listAgents(third)).toEqual(['build', 'test']);
  await stop(third);
});

test.each([
  ['sqlite:/a', 'sqlite:/b', 'One of --from and --to must be sqlite:DIR'],
  ['/a', 'postgres://user@host/database', 'Expected sqlite:DIR or postgres:'],
  ['sqlite:/nowhere', 'postgres://user@host/database', 'is not the data folder of a hub'],
])('from %s to %s is an error', async (from, to, message) => {
  const { code, error } = await migrate(from, to);
  expect(code).not.toBe(0);
  expect(error).toContain(message);
});
