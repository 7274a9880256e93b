// `signalbox serve --store`: a hub on PostgreSQL, as processes of the compiled executable.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addAgent, buildBinary, signInToApi, startHubBinary } from '../support/binary.ts';
import { startCliFixture } from '../support/cli-fixture.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import type { RunningProcess } from '../support/processes.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let server: PostgresServer;
let folder: TemporaryFolder;
let locked: { url: string; password: string };
let url: string;

beforeAll(async () => {
  server = await startPostgres();
  folder = createTemporaryFolder();
  locked = await server.createLockedRole();
});
afterAll(async () => {
  await server.remove();
  folder.remove();
});
beforeEach(async () => {
  url = await server.createDatabase();
});

const dataFolder = () => join(folder.path, crypto.randomUUID());

/** Starts a hub that is expected to fail, and returns what it prints. */
async function fail(store: string, env: Record<string, string> = {}): Promise<string> {
  const hub = Bun.spawn(
    [buildBinary(), 'serve', '--port', '0', '--data', dataFolder(), '--store', store],
    { env: { ...process.env, ...env }, stdout: 'pipe', stderr: 'pipe' },
  );
  const [out, error] = await Promise.all([
    new Response(hub.stdout).text(),
    new Response(hub.stderr).text(),
  ]);
  expect(await hub.exited).toBe(1);
  return out + error;
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

const readHealth = async (hub: { url: string }) => {
  const response = await fetch(`${hub.url}/healthz`);
  return { code: response.status, text: await response.text() };
};

test('keeps its data and its keys on the server', async () => {
  const data = dataFolder();
  const first = await startHubBinary(data, ['--store', url]);
  await addAgent(first.url, 'build');
  await stop(first);
  expect(readdirSync(data)).not.toContain('jwt-secret');
  const second = await startHubBinary(dataFolder(), ['--store', url]);
  expect(await listAgents(second)).toEqual(['build']);
  await stop(second);
});

test('without the option, the environment decides, and then the data folder', async () => {
  const hub = await startHubBinary(dataFolder(), [], { SIGNALBOX_STORE: url });
  await addAgent(hub.url, 'build');
  await stop(hub);
  const other = await startHubBinary(dataFolder());
  expect(await listAgents(other)).toEqual([]);
  await stop(other);
});

describe('a password', () => {
  const withPassword = () => {
    const full = new URL(locked.url);
    full.password = locked.password;
    return full.href;
  };

  test.each<[string, () => Record<string, string>]>([
    ['of the URL in the environment', () => ({ SIGNALBOX_STORE: withPassword() })],
    ['in PGPASSWORD', () => ({ SIGNALBOX_STORE: locked.url, PGPASSWORD: locked.password })],
  ])('%s is used, and not shown', async (_name, env) => {
    await server.execute(`GRANT ALL ON SCHEMA public TO ${new URL(locked.url).username}`);
    await server.execute('CREATE EXTENSION IF NOT EXISTS pg_trgm');
    const hub = await startHubBinary(dataFolder(), [], env());
    const shown = [
      readFileSync(`/proc/${hub.pid}/cmdline`, 'utf8'),
      (await readHealth(hub)).text,
      hub.output(),
    ];
    await stop(hub);
    for (const text of [...shown, hub.output()]) {
      for (const secret of [locked.password, encodeURIComponent(locked.password)]) {
        expect(text).not.toContain(secret);
      }
    }
  });
});

describe('a clear error', () => {
  test.each<[string, () => [string, Record<string, string>?], RegExp]>([
    [
      'without a server',
      () => ['postgres://ada:secret@127.0.0.1:1/hub'],
      /Cannot open the database 127\.0\.0\.1:1\/hub: .*Check that the server is running/,
    ],
    [
      'with an unknown host',
      () => ['postgres://ada:secret@host.invalid/hub'],
      /Cannot open the database host\.invalid:5432\/hub: /,
    ],
    [
      'with a wrong password',
      () => [locked.url, { PGPASSWORD: 'secret' }],
      /password authentication failed.*Check the user and the password/,
    ],
    ['without a password', () => [locked.url], /Set PGPASSWORD/],
    [
      'with an unknown database',
      () => [`${url}-unknown`],
      /database "test_\d+-unknown" does not exist\. Create the database first\./,
    ],
    ['with an incomplete URL', () => ['postgres://host'], /must look like postgres:/],
    ['with another protocol', () => ['mysql://ada:secret@host/hub'], /Expected a URL such as/],
  ])('%s', async (_name, options, message) => {
    const shown = await fail(...options());
    expect(shown).toMatch(message);
    // What the user typed is shown by commander.
    if (!shown.includes('mysql:')) expect(shown).not.toContain('secret');
  });
});

test('reports a server that is away, and recovers', async () => {
  const hub = await startHubBinary(dataFolder(), ['--store', url]);
  expect((await readHealth(hub)).code).toBe(200);
  const headers = await signInToApi(hub.url);
  await server.stop();
  const request = () =>
    fetch(`${hub.url}/api/v1/agents`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ agentId: 'build', agentType: 'claude' }),
    });
  expect((await request()).status).toBe(503);
  const history = await fetch(`${hub.url}/api/v1/commands`, { headers });
  expect([history.status, await history.text()]).toEqual([
    503,
    expect.stringContaining('The database cannot be reached. Try again later.'),
  ]);
  const health = await readHealth(hub);
  expect(health.code).toBe(200);
  expect(health.text).toContain('The database cannot be reached');
  await server.start();
  while ((await fetch(`${hub.url}/readyz`)).status !== 200)
    await new Promise((resolve) => setImmediate(resolve));
  expect((await request()).status).toBe(201);
  await stop(hub);
});

test('a command that runs while the server is away keeps all of its output', async () => {
  const fixture = await startCliFixture(['a1'], ['--store', url]);
  const gate = fixture.createGate('gate');
  const text = `!seq 1 3000; cat ${gate}; seq 3001 6000; echo done`;
  const run = fixture.cli.start('run', '--agent', 'a1', text);
  await run.waitForOutput(/^3000$/m);
  await server.stop();
  writeFileSync(gate, 'the gate is open\n');
  // Live output does not wait for the database.
  await run.waitForOutput(/^done$/m);
  await server.start();
  expect(await run.exited).toBe(0);
  const { items } = await fixture.api<{ items: { id: string }[] }>('/commands');
  const { stdout } = await fixture.cli.run('logs', items[0]?.id ?? '');
  const numbers = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => from + i).join('\n');
  expect(stdout).toBe(`${numbers(1, 3000)}\nthe gate is open\n${numbers(3001, 6000)}\ndone\n`);
  await fixture.stop();
});
