// The fragments of an agent's session: older blocks, updates, lines of output, and files.
import { expect, test } from 'bun:test';
import { type HubFixture, startHubFixture } from '../../support/hub/hub-fixture.ts';
import { requestPage } from './helpers.ts';

const headers = { 'hx-request': 'true' };

async function run(on: HubFixture, command: string, output = '') {
  const commandId = await on.startCommand(command);
  if (output !== '') on.agent.sendOutput(commandId, output);
  on.hub.clock.advance(1_000);
  on.agent.sendFinished(commandId);
  await on.dashboard.waitForStatus(commandId, 'completed');
  return commandId;
}

const read = async (on: HubFixture, path: string) =>
  (await requestPage(on.hub, path, { role: 'operator', headers })).text();

const listBlocks = (html: string) =>
  [...html.matchAll(/id="block-([0-9a-f-]{36})"/g)].map(([, id]) => id);

test('a page has the last 20 blocks, and the older ones follow in pages', async () => {
  await using on = await startHubFixture();
  const ids: string[] = [];
  for (let index = 0; index < 45; index++) ids.push(await run(on, `!${index}`));
  const pages = [await read(on, '/agents/agent')];
  for (let html = pages[0] ?? ''; ;) {
    const older = /hx-get="([^"]*older[^"]*)"/.exec(html)?.[1];
    if (older === undefined) break;
    html = await read(on, older.replaceAll('&amp;', '&'));
    pages.unshift(html);
  }
  expect(pages.map(listBlocks)).toEqual([ids.slice(0, 5), ids.slice(5, 25), ids.slice(25)]);
  expect(await read(on, '/agents/agent/older?before=nonsense')).toContain('block-');
  const plain = await requestPage(on.hub, '/agents/agent/older', { role: 'operator' });
  expect(plain.headers.get('location')).toBe('/agents/agent');
});

test('an update has the blocks that a page lacks, or replaces them if it lacks all', async () => {
  await using on = await startHubFixture();
  const first = await run(on, '!first');
  const second = await run(on, '!second');
  const update = await read(on, `/agents/agent/live?shown=${first}`);
  expect(listBlocks(update)).toEqual([second]);
  expect(update).toContain(`hx-target="#block-footer-${first}"`);
  expect(listBlocks(await read(on, `/agents/agent/live?shown=${first}&shown=${second}`))).toEqual(
    [],
  );
  const replaced = await read(on, '/agents/agent/live?shown=unknown');
  expect(replaced).toContain('hx-target="#block-list"');
  expect(listBlocks(replaced)).toEqual([first, second]);
});

test('lines are read in pages, and output as text with and without control sequences', async () => {
  await using on = await startHubFixture();
  const lines = Array.from({ length: 2_100 }, (_, index) => `\u001b[32m<${index}>\u001b[0m`);
  const commandId = await run(on, '!many', `${lines.join('\n')}\n`);
  const page = await read(on, '/agents/agent');
  expect(page).toContain('Show 2,000 of 2,075 more lines');
  const middle = await read(on, `/commands/${commandId}/lines?from=5&until=2080`);
  expect(middle.match(/&lt;\d+>/g)).toHaveLength(2_000);
  expect(middle).toContain('Show 75 more lines');
  const rest = await read(on, `/commands/${commandId}/lines?from=2005&until=2080`);
  expect(rest).toContain('&lt;2079>');
  expect(rest).not.toContain('button');
  expect(await read(on, `/commands/${commandId}/lines?from=-1&until=x`)).toBe('');
  const plain = await requestPage(on.hub, `/commands/${commandId}/output.txt`, { role: 'viewer' });
  expect(plain.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(await plain.text()).toStartWith('<0>\n<1>\n');
  expect(await read(on, `/commands/${commandId}/output.log`)).toBe(`${lines.join('\n')}\n`);
  expect(await read(on, '/commands/unknown/output.txt')).toContain('Command not found.');
});

test('of long output, only the beginning and the end are rendered', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('!long');
  const lines = Array.from({ length: 150 }, (_, index) => `<${index}>${'x'.repeat(8_000)}\n`);
  for (const line of lines) on.agent.sendOutput(commandId, line);
  on.agent.sendFinished(commandId);
  await on.dashboard.waitForStatus(commandId, 'completed');
  const page = await read(on, '/agents/agent');
  expect(page).toContain('Open the whole output (1.1 MB)');
  const numbers = [...page.matchAll(/&lt;(\d+)>/g)].map(([, number]) => Number(number));
  expect(numbers.slice(0, 3)).toEqual([0, 1, 2]);
  expect(numbers.slice(3)).toEqual(
    Array.from({ length: numbers.length - 3 }, (_, i) => 153 - numbers.length + i),
  );
  expect(await read(on, `/commands/${commandId}/lines?from=5&until=20`)).toBe('');
});

test('a user who may not see the agent gets neither its blocks nor its output', async () => {
  await using on = await startHubFixture();
  const commandId = await run(on, '!secret', 'secret\n');
  const user = { userId: 'eve', role: 'operator' as const, agents: ['other'] };
  const view = on.hub.hub.viewFor(user);
  expect(await view.history.listEnded('agent', 20)).toEqual([]);
  expect(view.history.openOutput(commandId)).rejects.toThrow('Command not found.');
});
