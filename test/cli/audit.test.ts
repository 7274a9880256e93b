// `signalbox audit`: the audit log as a table, as JSON lines and as CSV.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { AgentToHub } from '../../src/protocol/agent-to-hub.ts';
import { encode } from '../../src/protocol/codec.ts';
import { type CliFixture, startCliFixture } from '../support/cli-fixture.ts';
import { parseLines } from '../support/cli.ts';

let fixture: CliFixture;
beforeAll(async () => {
  fixture = await startCliFixture([]);
  const agent = { agentId: 'build', agentType: 'claude' };
  await fixture.api('/agents', { method: 'POST', body: JSON.stringify(agent) });
});
afterAll(() => fixture.stop());

test('prints a table of the entries that match', async () => {
  const { stdout, exitCode } = await fixture.cli.run('audit', '--since', '1h', '--actor', 'admin');
  expect(exitCode).toBe(0);
  const [header, first] = stdout.split('\n');
  expect(header?.split(/ {2,}/)).toEqual([
    'TIME',
    'ACTION',
    'ACTOR',
    'ADDRESS',
    'CREDENTIAL',
    'TARGET',
    'DETAIL',
  ]);
  expect(first?.split(/ {2,}/).slice(1)).toEqual([
    'agent.added',
    'admin',
    '127.0.0.1',
    expect.stringMatching(/^[\da-f-]{36}$/),
    'build',
    'agentType="claude"',
  ]);
});

test('exports JSON lines and CSV', async () => {
  const json = await fixture.cli.run('audit', '--json', '--action', 'agent.added');
  expect(parseLines(json.stdout)).toMatchObject([{ action: 'agent.added', target: 'build' }]);
  const csv = await fixture.cli.run('audit', '--csv', '--action', 'agent.added');
  expect(csv.stdout.split('\r\n')[1]).toContain(',agent.added,user,admin,build,');
});

test('reads every page, also through a pipe', async () => {
  const agents = Array.from({ length: 110 }, (_, i) => ({ agentId: `a${i}`, agentType: 'claude' }));
  for (const agent of agents) {
    await fixture.api('/agents', { method: 'POST', body: JSON.stringify(agent) });
    await fixture.api(`/agents/${agent.agentId}`, { method: 'DELETE' });
  }
  const { stdout } = await fixture.cli.run('audit');
  const added = stdout.split('\n').filter((line) => line.split(/ {2,}/)[1] === 'agent.added');
  expect(added).toHaveLength(111);
}, 60_000);

test('prints no control characters that an agent chose', async () => {
  const body = JSON.stringify({ agentId: 'evil', agentType: 'claude' });
  const { token } = await fixture.api<{ token: string }>('/agents', { method: 'POST', body });
  const socket = new WebSocket(`${fixture.hub.url.replace('http', 'ws')}/ws/agent`);
  await new Promise((resolve) => socket.addEventListener('open', resolve));
  const welcome = new Promise((resolve) => socket.addEventListener('message', resolve));
  socket.send(
    encode<AgentToHub>({
      type: 'agent:connect',
      agentId: 'evil',
      agentType: 'claude',
      token,
      capabilities: ['shell'],
      instanceId: 'i',
      runner: { name: 'x\u009b31m\u202ey', version: '1', host: 'h' },
    }),
  );
  await welcome;
  const flags = ['--action', 'socket.opened', '--actor', 'evil'];
  const table = await fixture.cli.run('audit', ...flags);
  expect(table.stdout).toContain('"x\\u009b31m\\u202ey"');
  const json = await fixture.cli.run('audit', '--json', ...flags);
  expect(json.stdout).toContain('"x\\u009b31m\\u202ey"');
  expect(parseLines(json.stdout)).toMatchObject([{ detail: { name: 'x\u009b31m\u202ey' } }]);
  for (const { stdout } of [table, json]) expect(stdout).not.toMatch(/[\u009b\u202e]/);
  socket.close();
});

test.each([
  [['--since', 'yesterday'], 'Expected a time'],
  [['--action', 'unknown'], 'Allowed choices'],
  [['--csv', '--json'], 'cannot be used with'],
])('rejects %p', async (flags, message) => {
  const { exitCode, stderr } = await fixture.cli.run('audit', ...flags);
  expect([exitCode, stderr.includes(message)]).toEqual([1, true]);
});
