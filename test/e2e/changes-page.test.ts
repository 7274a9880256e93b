// Changes in the browser: reviewing them, comments that become a prompt, and reverting a file. Real hub, agent and git.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { instruct } from '../support/agent/scripted-program.ts';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage } from '../support/browser/hub-page.ts';
import { startTestHub, type TestHub } from '../support/hub/hub.ts';
import { type RepositoryAgent, startRepositoryAgent } from '../support/hub/repository-agent.ts';

const LONG = Array.from({ length: 700 }, (_, index) => `row ${index}\n`).join('');
const EVIL = '<img src=x onerror=alert(1)>.txt';
const SCRIPT = `sed -i 's/items/open/' main.ts; seq 700 > long.txt; echo '<b>x</b>' > '${EVIL}'`;

let hub: TestHub;
let agent: RepositoryAgent;
let browser: Browser;
let commandId: string;

beforeAll(async () => {
  hub = await startTestHub();
  agent = await startRepositoryAgent(hub, {
    'main.ts': 'export const total = items.length;\nexport const more = 1;\n',
    'long.txt': LONG,
  });
  commandId = await agent.run(instruct('run', { command: SCRIPT }));
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await agent[Symbol.asyncDispose]();
  await hub[Symbol.asyncDispose]();
});

const open = (path: string, options = {}) => openHubPage(browser, hub, path, options);

const openChanges = (options = {}) => open(`/commands/${commandId}/changes`, options);
const fileOf = (page: Page, path: string) => page.locator(`[data-path="${path}"]`);

test('the files of the latest commands are beside the session, with links to their diffs', async () => {
  const page = await open('/agents/agent');
  const list = page.locator('.latest-changes');
  await list.getByRole('link', { name: 'Modified main.ts' }).click();
  await page.waitForURL(/\/changes#file-/);
  expect(await fileOf(page, 'main.ts').locator('mark').allTextContents()).toEqual([
    'items',
    'open',
  ]);
  await page.context().close();
});

test('the two views show the same lines, and the choice is kept', async () => {
  const page = await openChanges();
  const lines = () => fileOf(page, 'main.ts').locator('.diff-text').allTextContents();
  expect(await lines()).toEqual([
    '-export const total = items.length;',
    '+export const total = open.length;',
    ' export const more = 1;',
  ]);
  await page.click('text=Split');
  await page.waitForSelector('.diff-split');
  expect((await lines()).slice(0, 2)).toEqual([
    '-export const total = items.length;',
    '+export const total = open.length;',
  ]);
  await page.goto(`${hub.url}/commands/${commandId}/changes`);
  expect(await page.locator('.diff-split').count()).toBeGreaterThan(0);
  await page.context().close();
});

test('a long diff is loaded when it is opened', async () => {
  const page = await openChanges();
  const file = fileOf(page, 'long.txt');
  expect(await file.locator('tr').count()).toBe(0);
  await file.locator('summary').click();
  await file.locator('tr').first().waitFor();
  expect(await file.locator('.diff-text-new').count()).toBe(700);
  await page.context().close();
});

test('a link to a closed diff opens and loads it, when the page is loaded and on the page', async () => {
  const page = await openChanges();
  const file = fileOf(page, 'long.txt');
  await page.locator('.file-list a', { hasText: 'long.txt' }).click();
  await file.locator('tr').first().waitFor();
  await page.reload();
  await file.locator('tr').first().waitFor();
  await page.context().close();
});

test('a diff that could not be loaded can be loaded again', async () => {
  const page = await openHubPage(browser, hub, `/commands/${commandId}/changes`);
  const file = fileOf(page, 'long.txt');
  const retry = file.getByRole('button', { name: 'Retry' });
  await page.route('**/changes/file?**', (route) => route.abort());
  await file.locator('summary').click();
  await retry.waitFor();
  await page.unroute('**/changes/file?**');
  await page.route('**/changes/file?**', (route) => route.fulfill({ status: 503, body: 'no' }));
  await Promise.all([page.waitForResponse('**/changes/file?**'), retry.click()]);
  await page.unroute('**/changes/file?**');
  await retry.click();
  await file.locator('tr').first().waitFor();
  expect(await retry.count()).toBe(0);
  await page.context().close();
});

test('names and contents of files are text', async () => {
  const page = await openChanges();
  expect(await page.locator('.changed-files img, .changed-files script').count()).toBe(0);
  expect(await page.locator('.changed-files').textContent()).toContain('+<b>x</b>');
  expect(await page.locator('.changed-file b', { hasText: EVIL }).count()).toBe(1);
  await page.context().close();
});

test('comments are collected with the keyboard, survive a reload, and are sent as a prompt', async () => {
  const page = await openChanges();
  const review = page.locator('#review');
  expect(await review.isVisible()).toBe(false);
  const first = fileOf(page, 'main.ts').locator('[data-comment]').first();
  await first.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.keyboard.type('Filter the items instead.');
  expect(await review.locator('.review-count').textContent()).toBe('1 comment');
  await page.reload();
  expect(await page.locator('.comment textarea').inputValue()).toBe('Filter the items instead.');
  await review.locator('button[type=submit]').click();
  await page.waitForURL('**/agents/agent');
  const response = await hub.callApi('GET', '/commands?limit=1');
  const { items } = (await response.json()) as { items: { command: string }[] };
  expect(items[0]?.command).toContain(
    'main.ts:1\n> export const total = open.length;\nFilter the items instead.',
  );
  await page.goto(`${hub.url}/commands/${commandId}/changes`);
  expect(await page.locator('.comment').count()).toBe(0);
  await page.context().close();
});

test('a comment without text is removed with Escape', async () => {
  const page = await openChanges();
  await fileOf(page, 'main.ts').locator('[data-comment]').first().click();
  await page.keyboard.press('Escape');
  expect(await page.locator('.comment').count()).toBe(0);
  expect(await page.evaluate(() => document.activeElement?.hasAttribute('data-comment'))).toBe(
    true,
  );
  await page.context().close();
});

test('a file is reverted after a confirmation that names it, unless it has changed', async () => {
  const id = await agent.run('!echo two > new.txt; echo changed > long.txt');
  const page = await open(`/commands/${id}/changes`);
  const confirm = async (path: string) => {
    await fileOf(page, path).locator('text=Revert…').click();
    const button = page.locator('#dialog button', { hasText: `Revert ${path}` });
    await button.waitFor();
    expect(await page.locator('.revert-path').textContent()).toBe(path);
    await button.click();
  };
  await confirm('new.txt');
  await fileOf(page, 'new.txt').locator('text=Reverted').waitFor();
  expect(existsSync(join(agent.work, 'new.txt'))).toBe(false);
  writeFileSync(join(agent.work, 'long.txt'), 'by a person\n');
  await confirm('long.txt');
  await page.locator('#dialog .notice-error', { hasText: 'has changed since' }).waitFor();
  expect(readFileSync(join(agent.work, 'long.txt'), 'utf8')).toBe('by a person\n');
  await page.context().close();
});

test('a phone shows the diff without scrolling sideways', async () => {
  const page = await openChanges({ viewport: { width: 360, height: 740 } });
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBe(0);
  const widths = await page
    .locator('table.diff')
    .evaluateAll((tables) => tables.map((table) => table.getBoundingClientRect().width));
  expect(Math.max(...widths)).toBeLessThanOrEqual(360);
  await page.context().close();
});
