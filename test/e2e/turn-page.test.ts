// The turn of an AI program on the pages of the hub, while it is written and afterwards.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Browser } from 'playwright-core';
import type { TurnPart } from '../../src/protocol/turn.ts';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage } from '../support/browser/hub-page.ts';
import { type HubFixture, startHubFixture } from '../support/hub/hub-fixture.ts';
import { connectAgent, createHeldCommand } from '../support/hub/scripted-agent.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

const ANSWER = '## Result\n\nThe test **passes** now, see [the log](https://example.com/log).\n';

/** Sends updates with consecutive sequences, and lets the hub announce them. */
function createSender({ agent, hub }: HubFixture, commandId: string) {
  let sequence = 0;
  return async (part: number, content: TurnPart | string) => {
    agent.send({
      type: 'turn:update',
      commandId,
      sequence,
      part,
      ...(typeof content === 'string' ? { append: content } : { content }),
    });
    sequence += 1;
    await agent.waitFor('turn:ack', ({ nextSequence }) => nextSequence === sequence);
    hub.clock.advance(200);
  };
}

const tool = (status: 'running' | 'completed' | 'failed', output = ''): TurnPart => ({
  type: 'tool',
  title: 'make test',
  kind: 'execute',
  status,
  input: 'make test',
  ...(status !== 'running' && { durationMs: 1_200 }),
  ...(output !== '' && { output }),
});

describe.each(['/agents/agent', '/commands/'])('on the page %s', (path) => {
  test('a turn appears while it is written, and stays after the command and a reload', async () => {
    await using on = await startHubFixture();
    const commandId = await on.startCommand('Fix it');
    const page = await openHubPage(browser, on.hub, path.replace(/s\/$/, `s/${commandId}`));
    const send = createSender(on, commandId);
    expect(await page.locator('.terminal-output').isVisible()).toBe(true);
    await send(0, { type: 'message', text: '## Res' });
    await page.locator('.turn h3').getByText('Res', { exact: true }).waitFor();
    expect(await page.locator('.terminal-output').isVisible()).toBe(false);
    await send(0, ANSWER.slice(6));
    await page.locator('.turn a').getByText('the log').waitFor();
    expect(await page.locator('.turn').innerText()).toContain('(https://example.com/log)');
    await send(1, tool('running'));
    await page.locator('.tool-running').waitFor();
    await send(1, tool('failed', 'boom'));
    await page.locator('.tool-failed details[open]').getByText('boom').waitFor();
    await send(2, { type: 'plan', entries: [{ text: 'Fix the test', status: 'running' }] });
    await page.locator('.turn-pinned').getByText('0 of 1 done').waitFor();
    await send(2, { type: 'plan', entries: [{ text: 'Fix the test', status: 'completed' }] });
    await page.getByText('1 of 1 done').waitFor();
    on.agent.sendFinished(commandId, { turnUpdates: 6 });
    await on.dashboard.waitForStatus(commandId, 'completed');
    await page.reload();
    await page.locator('.turn a').getByText('the log').waitFor();
    expect(await page.locator('.turn-parts > *').count()).toBe(3);
  }, 60_000);
});

test('only parts that changed are replaced, and what was opened stays open', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('Fix it');
  const send = createSender(on, commandId);
  await send(0, { type: 'message', text: 'Done before.' });
  await send(1, tool('running', 'one'));
  const page = await openHubPage(browser, on.hub, `/commands/${commandId}`);
  await page
    .locator('.turn p')
    .first()
    .evaluate((element) => element.setAttribute('data-seen', ''));
  await page.locator('.tool summary').click();
  await send(1, tool('running', 'one\ntwo'));
  await page.locator('.tool-text').getByText('two').waitFor();
  expect(await page.locator('.tool details[open]').count()).toBe(1);
  await send(2, { type: 'message', text: 'More.' });
  await page.getByText('More.').waitFor();
  expect(await page.locator('[data-seen]').count()).toBe(1);
  await send(1, tool('completed', 'one\ntwo'));
  await page.locator('.tool-completed details[open]').waitFor();
}, 60_000);

test('the terminal text can be shown instead', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('Fix it');
  on.agent.sendOutput(commandId, 'terminal text\n');
  await createSender(on, commandId)(0, { type: 'message', text: 'Rendered.' });
  const page = await openHubPage(browser, on.hub, `/commands/${commandId}`);
  await page.getByText('Rendered.').waitFor();
  await page.getByLabel('Terminal text').check();
  await page.locator('.xterm-rows').getByText('terminal text').waitFor();
  expect(await page.getByText('Rendered.').isVisible()).toBe(false);
}, 60_000);

test('a turn that turns out to be incomplete gives way to the terminal', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('Fix it');
  on.agent.sendOutput(commandId, 'terminal text\n');
  const send = createSender(on, commandId);
  await send(0, { type: 'message', text: 'Rendered.' });
  const page = await openHubPage(browser, on.hub, `/commands/${commandId}`);
  await page.getByText('Rendered.').waitFor();
  await send(7, { type: 'message', text: 'Something is missing before this.' });
  await page.locator('.xterm-rows').getByText('terminal text').waitFor();
  expect(await page.getByText('Rendered.').count()).toBe(0);
}, 60_000);

test('the session keeps the turns that have ended, also after a crash of the hub', async () => {
  await using on = await startHubFixture({ onDisk: true });
  const first = await on.startCommand('First');
  await createSender(on, first)(0, { type: 'message', text: 'First answer.' });
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  await page.getByText('First answer.').waitFor();
  on.agent.sendFinished(first, { turnUpdates: 1 });
  await on.dashboard.waitForStatus(first, 'completed');
  const second = await on.startCommand('Second');
  await createSender(on, second)(0, { type: 'message', text: 'Second answer' });
  await page.getByText('Second answer').waitFor();
  await page.locator('#blocks').getByText('First answer.').first().waitFor();
  await using hub = await on.hub.crash();
  await connectAgent(hub, { token: on.agent.token, held: [createHeldCommand(second)] });
  const reopened = await openHubPage(browser, hub, '/agents/agent');
  await reopened.locator('#current').getByText('Second answer').waitFor();
  await reopened.locator('#blocks').getByText('First answer.').waitFor();
}, 60_000);
