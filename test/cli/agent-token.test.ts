// `signalbox agent-token`, and an agent whose token is replaced, against a real hub.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseLines } from '../support/cli.ts';
import { type CliFixture, startCliFixture } from '../support/cli-fixture.ts';
import { startProcess } from '../support/processes.ts';

let fixture: CliFixture;
beforeAll(async () => {
  fixture = await startCliFixture([]);
});
afterAll(() => fixture.stop());

const agentToken = (...words: string[]) => fixture.cli.run('agent-token', ...words);

const list = async () => parseLines((await agentToken('list', 'build', '--json')).stdout);

test('a token is replaced while a command runs, and the command continues', async () => {
  const { api, cli, folder, hub } = fixture;
  await api('/agents', {
    method: 'POST',
    body: JSON.stringify({ agentId: 'build', agentType: 'claude' }),
  });
  const first = await agentToken('add', 'build', '--name', 'first');
  expect(first.exitCode).toBe(0);
  expect(first.stdout).toMatch(/^sba_[\w-]{43}\n$/);
  const file = join(folder, 'token');
  writeFileSync(file, first.stdout);
  const cwd = join(folder, 'work');
  mkdirSync(cwd);
  const words = ['--hub', hub.url, '--id', 'build', '--type', 'claude', '--no-acp'];
  const paths = ['--token-file', file, '--state', join(folder, 'state'), '--cwd', cwd];
  const agent = startProcess([cli.binary, 'agent', ...words, ...paths], {});
  fixture.agents.set('build', agent);
  await agent.waitForOutput(/connected to/);
  const gate = fixture.createGate('gate');
  const running = cli.start('run', '--agent', 'build', `!cat ${gate}`);
  await fixture.waitForAgent('build', 'busy');

  const second = JSON.parse(
    (await agentToken('add', 'build', '--name', 'second', '--expires-in', '90d', '--json')).stdout,
  );
  expect(second.expiresAt - Date.now()).toBeWithin(89 * 86_400_000, 90 * 86_400_000 + 1);
  writeFileSync(file, second.token);
  const table = (await agentToken('list', 'build')).stdout.trim().split('\n');
  expect(table.map((line) => line.split(/ {2,}/)[1])).toEqual(['NAME', '-', 'first', 'second']);
  expect(table[2]).toContain('connected');
  const tokens = await list();
  const id = String(tokens.find(({ name }) => name === 'first')?.['id']);
  expect((await agentToken('revoke', 'build', id)).stdout).toBe(`Revoked ${id}\n`);
  await agent.waitForOutput(/using the new token[^]*connected to/);
  await Bun.write(gate, 'continued\n');
  expect(await running.exited).toBe(0);
  expect(running.output()).toContain('continued');
  expect((await list()).map(({ name, isInUse }) => [name, isInUse])).toEqual([
    [null, false],
    ['second', true],
  ]);
});

test('errors are one clear line', async () => {
  const cases: [string[], string][] = [
    [['list', 'unknown'], 'Agent "unknown" not found.'],
    [['add', 'unknown'], 'Agent "unknown" not found.'],
    [['revoke', 'build', 'x'], 'Token not found.'],
    [['add', 'build', '--expires-in', 'soon'], 'Expected a duration'],
  ];
  for (const [words, message] of cases) {
    const { exitCode, stdout, stderr } = await agentToken(...words);
    expect([words, exitCode, stdout]).toEqual([words, 1, '']);
    expect(stderr).toContain(message);
  }
});
