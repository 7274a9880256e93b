// The tools of a terminal: search, follow, links, times, download, and how it looks.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage } from '../support/browser/hub-page.ts';
import { type HubFixture, startHubFixture } from '../support/hub/hub-fixture.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

const rows = (page: Page) => page.locator('.xterm-rows');

/** Prints lines that begin with their number. */
function print(on: HubFixture, commandId: string, first: number, count: number, text = 'line') {
  const lines = Array.from({ length: count }, (_, index) => `${first + index} ${text}\n`);
  on.agent.sendOutput(commandId, lines.join(''));
}

async function openCommand(on: HubFixture, commandId: string, hash = ''): Promise<Page> {
  return openHubPage(browser, on.hub, `/commands/${commandId}${hash}`);
}

async function search(page: Page, text: string): Promise<void> {
  if (!(await page.locator('.terminal-search').isVisible())) {
    await page.getByRole('button', { name: 'Search the output' }).click();
  }
  await page.getByRole('searchbox').fill(text);
}

const waitForCount = (page: Page, text: string) =>
  page.locator('[data-search-count]').getByText(text, { exact: true }).waitFor();

/** A selection is drawn one frame later than what is selected. */
const waitForSelection = (page: Page) =>
  page.waitForFunction(() => document.querySelector('.xterm-selection > div'));

test('a match in the history opens the output at its line', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('!seq');
  on.agent.sendOutput(commandId, 'first needle\n');
  for (let first = 0; first < 80_000; first += 1_000) print(on, commandId, first, 1_000, 'hay');
  on.agent.sendFinished(commandId);
  await on.dashboard.waitForStatus(commandId, 'completed');
  const page = await openHubPage(browser, on.hub, '/history?q=needle');
  await page.getByRole('link', { name: 'first needle' }).click();
  await waitForCount(page, '1 of 1');
  await rows(page).getByText('first needle').waitFor();
  await waitForSelection(page);
});

test('the search finds text and expressions in all output, also what the terminal has dropped', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('!seq');
  on.agent.sendOutput(commandId, 'first \u001b[31mNee\u001b[0mdle\n');
  on.agent.sendOutput(commandId, `${'long'.repeat(20)}\n`);
  for (let first = 0; first < 80_000; first += 1_000) print(on, commandId, first, 1_000, 'hay');
  on.agent.sendOutput(commandId, 'last needle');
  on.agent.sendFinished(commandId);
  const page = await openCommand(on, commandId);
  await rows(page).getByText('End of output').waitFor();
  await search(page, 'needle');
  await waitForCount(page, '2 of 2');
  await waitForSelection(page);
  await page.getByRole('button', { name: 'Next match' }).click();
  await waitForCount(page, '1 of 2');
  await rows(page).getByText('first').waitFor();
  await waitForSelection(page);

  await page.getByLabel('Match case').check({ force: true });
  await waitForCount(page, '1 of 1');
  await page.getByLabel('Regular expression').check({ force: true });
  await search(page, '^7\\d{4} h');
  await waitForCount(page, '10,000 of 10,000');
  await search(page, '(');
  await waitForCount(page, 'Invalid expression');
  await search(page, '^(\\w+\\s?)+:$');
  await waitForCount(page, 'This expression is too slow.');
  await search(page, 'absent');
  await waitForCount(page, 'No matches');
  await page.keyboard.press('Escape');
  expect(await page.locator('.terminal-search').isVisible()).toBe(false);
}, 60_000);

test('scrolling up stops following, and the new lines are counted', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('!make');
  const page = await openHubPage(browser, on.hub, `/commands/${commandId}`);
  print(on, commandId, 0, 300);
  await rows(page).getByText('299 line').waitFor();
  const follow = page.locator('[data-follow]');
  expect(await follow.isVisible()).toBe(false);
  await page.locator('.xterm-screen').hover();
  await page.mouse.wheel(0, -1000);
  await follow.getByText('Back to the end').waitFor();
  const before = await rows(page).innerText();
  print(on, commandId, 300, 37);
  await follow.getByText('37 new lines').waitFor();
  expect(await rows(page).innerText()).toBe(before);
  await follow.click();
  await rows(page).getByText('336 line').waitFor();
  expect(await follow.isVisible()).toBe(false);
}, 60_000);

test('a link to a line shows the line, and times are links', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('!make');
  for (let first = 0; first < 400; first += 100) {
    print(on, commandId, first, 100);
    await on.dashboard.waitForOutput(commandId, `${first + 99} line`);
  }
  on.agent.sendFinished(commandId);
  const page = await openCommand(on, commandId);
  await rows(page).getByText('End of output').waitFor();
  await page.getByRole('button', { name: 'More tools of the terminal' }).click();
  // Only the times of what the terminal holds.
  const [request] = await Promise.all([
    page.waitForRequest(/\/output/),
    page.getByLabel('Show times').check(),
  ]);
  expect(new URL(request.url()).search).toBe('?tailBytes=1048576');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => {
    const times = [...document.querySelectorAll('.terminal-gutter a')];
    const isTime = ({ textContent }: Element) => /^\d\d:\d\d:\d\d$/.test(textContent);
    return times.length > 0 && times.every(isTime);
  });

  await page.goto(`${on.hub.url}/commands/${commandId}#out-1.42`);
  await page.reload();
  await rows(page).getByText('142 line').waitFor();
  await page.locator('.terminal-linked-line').waitFor();
  const links = await page
    .locator('.terminal-gutter a')
    .evaluateAll((all) => all.map((link) => link.getAttribute('href')));
  expect(links).toContain(`/commands/${commandId}#out-1.42`);
}, 60_000);

test('output that is too large is not copied', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('!make');
  on.agent.sendOutput(commandId, 'text\n');
  on.agent.sendFinished(commandId);
  const page = await openCommand(on, commandId);
  await rows(page).getByText('End of output').waitFor();
  await page.route(/\/output$/, (route) =>
    route.fulfill({ headers: { 'signalbox-total-bytes': '300000000' }, body: '' }),
  );
  await page.getByRole('button', { name: 'Copy', exact: true }).click();
  await page.getByText('Too large to copy (286.1 MB). Download it instead.').waitFor();
}, 60_000);

test('links open only after a confirmation, and only http and https ones', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('!make');
  const hidden = '\u001b]8;;javascript:alert(1)\u001b\\bad\u001b]8;;\u001b\\';
  const named = '\u001b]8;;https://example.test/b\u001b\\good\u001b]8;;\u001b\\';
  on.agent.sendOutput(commandId, `http://example.test/a\n${hidden}\n${named}\n`);
  const page = await openCommand(on, commandId);
  const { promise: opened, resolve: recordOpen } = Promise.withResolvers<string>();
  await page.exposeFunction('recordOpen', recordOpen);
  await page.evaluate(() => {
    window.open = (url) => {
      (globalThis as unknown as { recordOpen(url: unknown): void }).recordOpen(String(url));
      return null;
    };
  });
  const dialog = page.locator('.terminal-confirm');
  const clickRow = async (row: number) => {
    const box = await rows(page).locator(':scope > div').nth(row).boundingBox();
    if (!box) throw new Error('The row is not visible.');
    await page.mouse.move(box.x + 5, box.y + 5);
    await page.mouse.move(box.x + 12, box.y + 6);
    await page.mouse.click(box.x + 12, box.y + 6);
  };
  await rows(page).getByText('good').waitFor();
  await clickRow(0);
  await dialog.getByText('http://example.test/a').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await clickRow(1);
  expect(await dialog.isVisible()).toBe(false);
  await clickRow(2);
  await dialog.getByText('https://example.test/b').waitFor();
  expect(Bun.peek.status(opened)).toBe('pending');
  await dialog.getByRole('button', { name: 'Open' }).click();
  expect(await opened).toBe('https://example.test/b');
  await page.waitForFunction(() => !document.querySelector('.terminal-confirm[open]'));
}, 60_000);

test('the output is downloaded as it is, or as text in which gaps are lines', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('!make');
  on.agent.sendOutput(commandId, '\u001b[32mok\u001b[0m\n10 %\r20 %\n');
  on.agent.send({ type: 'terminal:gap', commandId, nextSequence: 3, bytes: 2048 });
  on.agent.setNextSequence(commandId, 3);
  on.agent.sendOutput(commandId, 'end\n');
  on.agent.sendFinished(commandId);
  const page = await openCommand(on, commandId);
  await rows(page).getByText('End of output').waitFor();
  await rows(page).getByText('2.0 KB of output lost').waitFor();
  const download = async (name: string) => {
    await page.getByRole('button', { name: 'More tools of the terminal' }).click();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByText(name, { exact: true }).click(),
    ]);
    await page.keyboard.press('Escape');
    return { name: file.suggestedFilename(), text: await readFile(await file.path(), 'utf8') };
  };
  expect(await download('Download as text')).toEqual({
    name: `agent-${commandId.slice(-8)}.txt`,
    text: 'ok\n20 %\n[2.0 KB of output lost: agent buffer overflow]\nend\n',
  });
  expect(await download('Download with control sequences')).toEqual({
    name: `agent-${commandId.slice(-8)}.log`,
    text: '\u001b[32mok\u001b[0m\n10 %\r20 %\nend\n',
  });
}, 60_000);

test('font size, wrapping and the screen reader mode are kept', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('!make');
  on.agent.sendOutput(commandId, `${'x'.repeat(400)}end\nnext\n`);
  const page = await openCommand(on, commandId);
  await rows(page).getByText('next').waitFor();
  const countRows = () =>
    rows(page)
      .locator(':scope > div')
      .evaluateAll((all) => all.filter((row) => row.textContent.trim() !== '').length);
  expect(await countRows()).toBeGreaterThan(2);
  const menu = page.getByRole('button', { name: 'More tools of the terminal' });
  await menu.click();
  await page.getByLabel('Wrap lines').uncheck();
  await page.waitForFunction(
    () =>
      [...document.querySelectorAll('.xterm-rows > div')].filter(
        (row) => row.textContent.trim() !== '',
      ).length === 2,
  );
  const height = () =>
    rows(page)
      .locator(':scope > div')
      .first()
      .evaluate((row) => row.clientHeight);
  const before = await height();
  await page.getByRole('button', { name: 'Larger font' }).click();
  await page.getByRole('button', { name: 'Larger font' }).click();
  expect(await height()).toBeGreaterThan(before);
  await page.getByLabel('Screen reader mode').check();
  await page.locator('.xterm-accessibility').waitFor({ state: 'attached' });
  await page.reload();
  await rows(page).getByText('next').waitFor();
  await page.locator('.xterm-accessibility').waitFor({ state: 'attached' });
  expect(await countRows()).toBe(2);
  expect(await height()).toBeGreaterThan(before);
}, 60_000);
