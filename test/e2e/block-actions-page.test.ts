// What can be done with a block: copy, run again, run on another agent, download and link.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage } from '../support/browser/hub-page.ts';
import { startHubFixture } from '../support/hub/hub-fixture.ts';
import { connectAgent } from '../support/hub/scripted-agent.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

test('output and link are copied, and the output is downloaded as text or with its colors, or opened', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('!make');
  on.agent.sendOutput(commandId, '10 %\r\u001b[32mdone\u001b[0m\n');
  on.agent.sendFinished(commandId);
  await on.dashboard.waitForStatus(commandId, 'completed');
  const page = await openHubPage(browser, on.hub, '/agents/agent', {
    permissions: ['clipboard-read', 'clipboard-write'],
    acceptDownloads: true,
  });
  const block = page.locator(`#block-${commandId}`);
  const readClipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await block.hover();
  await block.getByRole('link', { name: 'Search output' }).click();
  await page.getByRole('searchbox').fill('done');
  await page.locator('[data-search-count]').getByText('1 of 1', { exact: true }).waitFor();
  await page.goBack();
  await block.hover();
  await block.getByRole('button', { name: 'Copy output' }).click();
  await page.locator('#notices .notice-success').getByText('Output copied').waitFor();
  expect(await readClipboard()).toBe('done\n');
  await page.route(/output\.txt$/, (route) =>
    route.fulfill({ headers: { 'signalbox-total-bytes': '300000000' }, body: '' }),
  );
  await block.getByRole('button', { name: 'Copy output' }).click();
  await page.getByText('Too large to copy (286.1 MB). Download it instead.').waitFor();
  await page.unroute(/output\.txt$/);
  await block.getByRole('button', { name: 'Copy link' }).click();
  await page.getByText('Link copied').waitFor();
  expect(await readClipboard()).toBe(`${on.hub.url}/commands/${commandId}`);
  const menu = block.getByRole('button', { name: 'Download or open the output' });
  await menu.click();
  for (const [name, extension, content] of [
    ['Download as text', 'txt', 'done\n'],
    ['Download with control sequences', 'log', '10 %\r\u001b[32mdone\u001b[0m\n'],
  ] as const) {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      block.getByRole('link', { name }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(`agent-${commandId.slice(-8)}.${extension}`);
    expect(await Bun.file(await download.path()).text()).toBe(content);
  }
  await block.getByRole('link', { name: 'Open in the terminal' }).click();
  await page.waitForURL(`**/commands/${commandId}`);
  await page.getByRole('button', { name: 'Search the output' }).waitFor();
}, 60_000);

test('links in the output open after a confirmation with their target', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('!make');
  const target = `${on.hub.url}/login?x=1`;
  on.agent.sendOutput(commandId, `\u001b]8;;${target}\u0007docs\u001b]8;;\u0007\n`);
  on.agent.sendFinished(commandId);
  await on.dashboard.waitForStatus(commandId, 'completed');
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  const link = page.locator(`#block-${commandId}`).getByRole('link', { name: 'docs' });
  const dialog = page.getByRole('dialog', { name: 'Confirm' });
  for (const button of ['left', 'middle'] as const) {
    await link.click({ button });
    await dialog.getByText(target).waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(page.context().pages()).toHaveLength(1);
  }
  await link.click();
  const [opened] = await Promise.all([
    page.context().waitForEvent('page'),
    dialog.getByRole('button', { name: 'Open' }).click(),
  ]);
  await opened.waitForURL(/login|agents|\/$/);
}, 60_000);

test('a command runs again, and on another agent', async () => {
  await using on = await startHubFixture();
  const other = await connectAgent(on.hub, { agentId: 'other' });
  const commandId = await on.startCommand('!make', { priority: 'low' });
  on.agent.sendFinished(commandId);
  await on.dashboard.waitForStatus(commandId, 'completed');
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  const block = page.locator(`#block-${commandId}`);
  await page.fill('textarea[name=command]', 'a draft');
  await block.hover();
  await block.getByRole('button', { name: 'Run again' }).click();
  await page.getByText('Sent again').waitFor();
  const again = await on.agent.waitFor('command:execute', (one) => one.commandId !== commandId);
  expect(again.command).toBe('!make');
  expect(await page.inputValue('textarea[name=command]')).toBe('a draft');

  await block.getByRole('button', { name: 'Run on another agent…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Agent').selectOption('other');
  await dialog.getByRole('button', { name: 'Run' }).click();
  await page.waitForURL(/\/agents\/other$/);
  const elsewhere = await other.waitFor('command:execute');
  expect(elsewhere.command).toBe('!make');
}, 60_000);

test('a long prompt is shortened, and opens', async () => {
  await using on = await startHubFixture();
  const text = Array.from({ length: 9 }, (_, index) => `line ${index} of the prompt`).join('\n');
  const commandId = await on.startCommand(text);
  on.agent.sendFinished(commandId);
  await on.dashboard.waitForStatus(commandId, 'completed');
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  const prompt = page.locator(`#block-${commandId} .prompt`);
  const readHeight = async () => (await prompt.boundingBox())?.height ?? 0;
  const short = await readHeight();
  await page.getByRole('button', { name: 'more', exact: true }).click();
  await page.getByRole('button', { name: 'less', expanded: true }).waitFor();
  expect(await readHeight()).toBeGreaterThan(2 * short);
}, 60_000);

test('on its page, a queued command is cancelled with an undo, and an ended one runs again', async () => {
  await using on = await startHubFixture();
  const running = await on.startCommand('!running');
  const queued = await on.dashboard.request('!queued');
  const page = await openHubPage(browser, on.hub, `/commands/${queued}`);
  await page.getByRole('button', { name: 'Cancel: !queued' }).click();
  await page.getByRole('button', { name: 'Undo: cancel !queued' }).click();
  await page.getByRole('button', { name: 'Cancel: !queued' }).click();
  await page.getByRole('button', { name: 'Undo: cancel !queued' }).waitFor();
  on.hub.clock.advance(10_000);
  const again = page.getByRole('button', { name: 'Run again' });
  await again.waitFor();
  expect(on.hub.hub.history.listActive('agent').map(({ id }) => id)).toEqual([running]);

  // The response is lost: the second request is the same one.
  await page.route(
    /again$/,
    async (route) => {
      await route.fetch();
      await route.abort();
    },
    { times: 1 },
  );
  await again.click();
  await page.getByText('The request failed.').waitFor();
  const updated = page.waitForResponse(/\/live/);
  await page.evaluate(() => document.body.dispatchEvent(new Event('signalbox:refresh')));
  await updated;
  await again.click();
  await page.getByText('Sent again').waitFor();
  expect(on.hub.hub.history.listActive('agent')).toHaveLength(2);
  await again.click();
  await page.getByText('Queued at position 2').waitFor();
}, 60_000);
