// `signalbox ps`: the commands of each agent, in the order in which they run.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { AcceptedCommand } from '../../src/protocol/api.ts';
import type { CommandExecution } from '../../src/protocol/entities.ts';
import { type CliFixture, startCliFixture } from '../support/cli-fixture.ts';

let fixture: CliFixture;
beforeAll(async () => {
  fixture = await startCliFixture(['b2', 'b10']);
});
afterAll(() => fixture.stop());

async function send(agentId: string, command: string, priority = 'normal'): Promise<string> {
  const body = JSON.stringify({ agentId, command, priority });
  const path = '/commands';
  return (await fixture.api<AcceptedCommand>(path, { method: 'POST', body })).commandId;
}

test('lists the running command of each agent first, then its queue in order', async () => {
  const running = [await send('b2', '!sleep 71'), await send('b10', '!sleep 72')];
  for (const id of running) await fixture.waitForStatus(id, 'running');
  await send('b2', '!low', 'low');
  await send('b10', '!b10 first');
  await send('b2', '!normal 1');
  await send('b2', '!normal 2');
  await send('b2', '!high 1', 'high');
  await send('b10', '!b10 second');
  await send('b2', '!high 2', 'high');
  const expected: [string, string[]][] = [
    ['b10', ['!sleep 72', '!b10 first', '!b10 second']],
    ['b2', ['!sleep 71', '!high 1', '!high 2', '!normal 1', '!normal 2', '!low']],
  ];

  const { stdout } = await fixture.cli.run('ps');
  const listed = expected.flatMap(([id, commands]) => commands.map((text) => `${id}: ${text}`));
  const [, table = ''] = stdout.split('\n\n');
  const rows = table.trim().split('\n').slice(1);
  expect(rows.map((row) => row.split(/ {2,}/)).map(([, id, , , text]) => `${id}: ${text}`)).toEqual(
    listed,
  );
  const { commands } = JSON.parse((await fixture.cli.run('ps', '--json')).stdout);
  expect(commands.map((item: CommandExecution) => `${item.agentId}: ${item.command}`)).toEqual(
    listed,
  );
});

test('lists more commands than a page of the API holds', async () => {
  await fixture.addAgent('b3');
  await send('b3', '!sleep 73');
  for (let sent = 0; sent < 100; sent += 50) {
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        await send('b3', `!n${sent + i}`);
        await send('b10', `!n${sent + i}`);
      }),
    );
  }
  const { commands } = JSON.parse((await fixture.cli.run('ps', '--json')).stdout);
  const { items } = await fixture.api<{ items: { queueLength: number }[] }>('/agents');
  const queued = items.reduce((sum, { queueLength }) => sum + queueLength, 0);
  expect(queued).toBeGreaterThan(200);
  expect(commands).toHaveLength(queued + items.length);
}, 60_000);
