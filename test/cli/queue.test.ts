// `signalbox change`, `pause` and `resume`, and what `ps` shows about them.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { AcceptedCommand } from '../../src/protocol/api.ts';
import type { CommandExecution } from '../../src/protocol/entities.ts';
import { type CliFixture, startCliFixture } from '../support/cli-fixture.ts';

let fixture: CliFixture;
beforeAll(async () => {
  fixture = await startCliFixture(['build']);
});
afterAll(() => fixture.stop());

async function send(command: string): Promise<string> {
  const body = JSON.stringify({ agentId: 'build', command });
  return (await fixture.api<AcceptedCommand>('/commands', { method: 'POST', body })).commandId;
}

async function listTexts(): Promise<string[]> {
  const { commands } = JSON.parse((await fixture.cli.run('ps', '--json')).stdout);
  return commands.map(({ command }: CommandExecution) => command);
}

test('changes the order, the priority and the text of queued commands', async () => {
  const current = await send('!sleep 71');
  await fixture.waitForStatus(current, 'running');
  const [, b, c] = [await send('!a'), await send('!b'), await send('!c')];
  const first = await fixture.cli.run('change', c, '--first');
  expect(first.stdout).toBe(`Command ${c} is next for build\n`);
  expect(await listTexts()).toEqual(['!sleep 71', '!c', '!a', '!b']);
  await fixture.cli.run('change', c, '--last');
  await fixture.cli.run('change', b, '--text', '!b2', '--priority', 'high');
  expect(await listTexts()).toEqual(['!sleep 71', '!b2', '!a', '!c']);
  const json = await fixture.cli.run('change', c, '--priority', 'high', '--before', b, '--json');
  expect(JSON.parse(json.stdout)).toEqual({ commandId: c, agentId: 'build', position: 0 });

  const nothing = await fixture.cli.run('change', c);
  expect([nothing.exitCode, nothing.stderr]).toEqual([
    1,
    expect.stringContaining('Nothing to change'),
  ]);
  const running = await fixture.cli.run('change', current, '--priority', 'low');
  expect([running.exitCode, running.stderr]).toEqual([
    1,
    expect.stringContaining('already running'),
  ]);
});

test('pauses and resumes an agent, with a note that ps shows', async () => {
  const paused = await fixture.cli.run('pause', 'build', 'deploying', 'by', 'hand');
  expect(paused.stdout).toBe('build is paused. 3 commands are waiting.\n');
  expect((await fixture.cli.run('ps')).stdout).toMatch(/build .*by admin: deploying by hand\n/);
  expect((await fixture.cli.run('resume', 'build')).stdout).toBe('build is resumed.\n');
  expect((await fixture.cli.run('ps')).stdout).toMatch(/build .* -\n/);
  const unknown = await fixture.cli.run('pause', 'none');
  expect([unknown.exitCode, unknown.stderr]).toEqual([1, expect.stringContaining('not found')]);
  const long = await fixture.cli.run('pause', 'build', 'x'.repeat(501));
  expect(long.stderr).toContain('at most 500 characters');
});
