// The output of commands as static text.
import { expect, test } from 'bun:test';
import type { Line } from '../../../views/format/terminal-text.ts';
import { createShownOutputs, readLines } from '../../../src/web/pages/static-output.ts';
import { type HubFixture, startHubFixture } from '../../support/hub/hub-fixture.ts';

const otto = { userId: 'otto', role: 'operator', agents: null } as const;

async function run(on: HubFixture, output: string) {
  const commandId = await on.startCommand('!run');
  on.agent.sendOutput(commandId, output);
  on.agent.sendFinished(commandId);
  await on.dashboard.waitForStatus(commandId, 'completed');
  return commandId;
}

const readText = (lines: Line[]) => lines.map(({ runs }) => runs.map(({ text }) => text).join(''));

test('outputs are kept up to a size, the latest ones first', async () => {
  await using on = await startHubFixture();
  const view = on.hub.hub.viewFor(otto);
  const ids = [];
  for (const letter of 'abc') ids.push(await run(on, `${letter.repeat(100)}\n`));
  const [first = '', second = '', third = ''] = ids;
  const outputs = createShownOutputs(250);
  const shown = await outputs.read(view, first);
  await outputs.read(view, second);
  expect(await outputs.read(view, first)).toBe(shown);
  const latest = await outputs.read(view, third);
  expect(await outputs.read(view, third)).toBe(latest);
  expect(await outputs.read(view, first)).not.toBe(shown);
});

test('a line feed keeps the column if the agent has interactive terminals', async () => {
  for (const [capabilities, expected] of [
    [
      ['shell', 'pty'],
      ['a', 'ab', '  c'],
    ],
    [['shell'], ['a', 'ab', 'c']],
  ] as const) {
    await using on = await startHubFixture({ agent: { capabilities: [...capabilities] } });
    const commandId = await run(on, 'a\r\nab\nc\r\n');
    expect(readText(await readLines(on.hub.hub.viewFor(otto), commandId, 0, 10))).toEqual([
      ...expected,
    ]);
  }
});
