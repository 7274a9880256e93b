// Notices and approval requests appear where the user sees them, say what happened, and disappear when they are outdated.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { CloseCode } from '../../src/protocol/close-codes.ts';
import { launchBrowser } from '../support/browser/browser.ts';
import { isInViewport, openHubPage } from '../support/browser/hub-page.ts';
import { requestApproval } from '../support/hub/approvals.ts';
import { startHubFixture } from '../support/hub/hub-fixture.ts';

const SMALL = { width: 390, height: 520 };

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

async function send(page: Page, command: string): Promise<void> {
  await page.fill('textarea[name=command]', command);
  await page.keyboard.press('Control+Enter');
}

const readFocus = (page: Page) =>
  page.evaluate(() => document.activeElement?.getAttribute('name') ?? null);

test('the notice about a sent command disappears when the command starts', async () => {
  await using on = await startHubFixture();
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  await send(page, '!make');
  await page.locator('#composer-notice').getByText('Sent').waitFor();
  const { commandId } = await on.agent.waitFor('command:execute');
  on.agent.sendStarted(commandId);
  await page.locator('#composer-notice .notice').waitFor({ state: 'detached' });
}, 60_000);

test('the notice about a command that does not start disappears after 10 s', async () => {
  await using on = await startHubFixture();
  const page = await openHubPage(browser, on.hub, '/agents/agent', {
    prepare: ({ clock }) => clock.install(),
  });
  await on.startCommand();
  await send(page, '!next');
  const notice = page.locator('#composer-notice').getByText('Sent');
  await notice.waitFor();
  await page.clock.runFor(9_000);
  expect(await notice.isVisible()).toBe(true);
  await page.clock.runFor(1_000);
  await notice.waitFor({ state: 'detached' });
}, 60_000);

test('the notice about a command that is being stopped disappears when it has ended', async () => {
  await using on = await startHubFixture();
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  const commandId = await on.startCommand();
  await page.locator('#current').getByRole('button', { name: 'Interrupt: !sleep' }).click();
  await page.locator('#notices').getByText('Stopping…').waitFor();
  on.agent.sendFinished(commandId, { outcome: 'interrupted', exitCode: null, signal: 'SIGINT' });
  await page.locator('#notices .notice').waitFor({ state: 'detached' });
}, 60_000);

test('an error disappears when its text is changed, and one about the connection when the hub is back', async () => {
  await using on = await startHubFixture({ agent: { capabilities: ['shell'] } });
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  const error = page.locator('#composer-notice .notice-error');
  await send(page, 'a prompt');
  await error.waitFor();
  await page.keyboard.type('!');
  await error.waitFor({ state: 'detached' });

  await page.route(/commands$/, (route) => route.abort());
  await send(page, '!make');
  await error.getByText('The request failed').waitFor();
  for (const { userId, link } of on.hub.hub.state.dashboards.values()) {
    if (userId === 'otto') link.close(CloseCode.goingAway, 'shutdown');
  }
  await error.waitFor({ state: 'detached' });
  expect(await page.inputValue('textarea[name=command]')).toBe('!make');
}, 60_000);

test('a rejected command is explained within the visible part of the page, and keeps the focus', async () => {
  await using on = await startHubFixture({ agent: { capabilities: ['prompt'] } });
  const page = await openHubPage(browser, on.hub, '/agents/agent', { viewport: SMALL });
  await page
    .locator('textarea[name=command]')
    .evaluate((field) => field.scrollIntoView({ block: 'end' }));
  await send(page, '!make');
  await page.locator('#composer-notice .notice-error').waitFor();
  expect(await isInViewport(page, '#composer-notice .notice')).toBe(true);
  expect(await readFocus(page)).toBe('command');
}, 60_000);

test('a new approval request is brought into view without taking the focus', async () => {
  await using on = await startHubFixture();
  const page = await openHubPage(browser, on.hub, '/agents/agent', { viewport: SMALL });
  const commandId = await on.startCommand('Fix the gate');
  await page.locator('#current-footer').getByText('Running').waitFor();
  await page.locator('textarea[name=command]').focus();
  await requestApproval(on, commandId);
  await page.locator('.approval').waitFor();
  await page.waitForFunction(() => {
    const { top, bottom } = document.querySelector('.approval')?.getBoundingClientRect() ?? {};
    return top !== undefined && bottom !== undefined && top >= 0 && bottom <= innerHeight;
  });
  expect(await readFocus(page)).toBe('command');
}, 60_000);

test('while the user writes, a request appears above the composer, which keeps the text and the focus', async () => {
  await using on = await startHubFixture();
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  const commandId = await on.startCommand('Fix the gate');
  await page.locator('#current-footer').getByText('Running').waitFor();
  await page.fill('textarea[name=command]', 'And then the');
  const before = await page.locator('#composer').boundingBox();
  await requestApproval(on, commandId);
  await page.locator('.approval').waitFor();
  expect(await isInViewport(page, '.approval')).toBe(true);
  expect(await page.locator('#composer').boundingBox()).toEqual(before);
  expect(await page.inputValue('textarea[name=command]')).toBe('And then the');
  expect(await readFocus(page)).toBe('command');
}, 60_000);

test('a request that is cancelled while its command continues disappears at once', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('Fix the gate');
  await requestApproval(on, commandId);
  const paths = ['/agents/agent', `/commands/${commandId}`, '/approvals'];
  const pages = await Promise.all(paths.map((path) => openHubPage(browser, on.hub, path)));
  for (const page of pages) {
    await page.locator('.approval').waitFor();
    // The cards are removed before the server has rendered the page again.
    await page.route(/live|list/, () => undefined);
  }
  await on.hub.hub.approvals.cancelPending(commandId);
  for (const page of pages) {
    await page.locator('.approval').waitFor({ state: 'detached' });
    await page.getByText('Withdrawn: Edit a file?').waitFor();
  }
  expect(on.hub.hub.history.listActive('agent')[0]?.status).toBe('running');
}, 60_000);

test('the notice about a response has the icon of its outcome, for the user who responded and for others', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('Fix the gate');
  const [first, second] = await Promise.all(
    ['otto', 'vera'].map((userId) => openHubPage(browser, on.hub, '/agents/agent', { userId })),
  );
  if (!first || !second) throw new Error('Two pages were opened.');
  const outcomes = [
    { key: '2', text: 'Rejected by otto', kind: 'reject' },
    { key: '1', text: 'Approved by otto', kind: 'allow' },
  ];
  for (const [index, { key, text, kind }] of outcomes.entries()) {
    await requestApproval(on, commandId);
    await second.locator('.approval').waitFor();
    // Shortcuts are ignored for a moment after a card has appeared, so repeat the key until it is accepted.
    while (on.agent.ofType('approval:resolved').length === index) {
      await first.keyboard.press(key);
      await first.evaluate(() => new Promise(requestAnimationFrame));
    }
    for (const page of [first, second]) {
      const notice = page.locator('#notices .notice').filter({ hasText: text });
      await notice.waitFor();
      expect(await notice.getAttribute('class')).toBe(`notice notice-${kind}`);
      expect(await notice.locator('svg').count()).toBe(1);
      await page.locator('.approval').waitFor({ state: 'detached' });
    }
  }
}, 60_000);
