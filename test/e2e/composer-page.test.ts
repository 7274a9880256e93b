// The composer: keys, drafts, what was sent before, what will happen, and interrupting for a command.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage } from '../support/browser/hub-page.ts';
import { requestApproval } from '../support/hub/approvals.ts';
import { startHubFixture } from '../support/hub/hub-fixture.ts';

const FIELD = 'textarea[name=command]';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

const isEmpty = (page: Page) =>
  page.waitForFunction(
    (field) => document.querySelector<HTMLTextAreaElement>(field)?.value === '',
    FIELD,
  );

test('Enter sends, Shift+Enter starts a new line, and a setting reverses this', async () => {
  await using on = await startHubFixture();
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  await page.locator(FIELD).focus();
  await page.keyboard.type('one');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('two');
  await page.keyboard.press('Enter');
  await on.agent.waitFor('command:execute', ({ command }) => command === 'one\ntwo');
  await isEmpty(page);

  await page.getByRole('checkbox', { name: 'Enter sends' }).uncheck();
  await page.reload();
  expect(await page.getByRole('checkbox', { name: 'Enter sends' }).isChecked()).toBe(false);
  await page.locator(FIELD).focus();
  await page.keyboard.type('three');
  await page.keyboard.press('Enter');
  await page.keyboard.type('four');
  expect(await page.inputValue(FIELD)).toBe('three\nfour');
  await page.keyboard.press('Control+Enter');
  await isEmpty(page);
  expect(on.hub.hub.history.listActive('agent').map(({ command }) => command)).toContain(
    'three\nfour',
  );
}, 60_000);

test('/ moves the focus to the composer, and other characters are typed into it', async () => {
  await using on = await startHubFixture();
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  await page.locator('#session').focus();
  await page.keyboard.press('/');
  await page.keyboard.type('/x');
  expect(await page.inputValue(FIELD)).toBe('/x');
  await page.reload();
  await page.fill(FIELD, '');
  await page.locator('#session').focus();
  await page.keyboard.type('!ls');
  expect(await page.inputValue(FIELD)).toBe('!ls');
  // The keys of approval requests stay theirs.
  await page.fill(FIELD, '');
  await requestApproval(on, await on.startCommand());
  await page.locator('.approval').waitFor();
  await page.locator('#session').focus();
  await page.keyboard.press('j');
  await page.keyboard.press('9');
  expect(await page.inputValue(FIELD)).toBe('');
}, 60_000);

test('on a phone, Enter starts a new line', async () => {
  await using on = await startHubFixture();
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  const page = await openHubPage(browser, on.hub, '/agents/agent', phone);
  await page.locator(FIELD).fill('one');
  await page.keyboard.press('Enter');
  await page.keyboard.type('two');
  expect(await page.inputValue(FIELD)).toBe('one\ntwo');
  await page.getByRole('button', { name: 'Send' }).tap();
  await on.agent.waitFor('command:execute', ({ command }) => command === 'one\ntwo');
}, 60_000);

test('a draft survives a reload, and a hub that is away', async () => {
  await using on = await startHubFixture();
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  await page.locator(FIELD).fill('a draft');
  await page.reload();
  expect(await page.inputValue(FIELD)).toBe('a draft');
  // Another user of the same browser does not see it.
  const signIn = async (userId: string) => {
    const value = await on.hub.issueToken('operator', userId);
    await page.context().addCookies([{ name: 'signalbox', value, url: on.hub.url }]);
    await page.reload();
  };
  await signIn('eve');
  expect(await page.inputValue(FIELD)).toBe('');
  await signIn('otto');
  expect(await page.inputValue(FIELD)).toBe('a draft');
  await page.route(/commands$/, (route) => route.abort());
  await page.locator(FIELD).focus();
  await page.keyboard.press('Enter');
  await page.getByText('The request failed. Your input was kept. Try again.').waitFor();
  await page.reload();
  expect(await page.inputValue(FIELD)).toBe('a draft');
  await page.unroute(/commands$/);
  await page.locator(FIELD).focus();
  await page.keyboard.press('Enter');
  await isEmpty(page);
  await page.reload();
  expect(await page.inputValue(FIELD)).toBe('');
}, 60_000);

test('what is typed while a command is sent stays, and "New conversation" is unticked', async () => {
  await using on = await startHubFixture();
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  const isNew = page.getByRole('checkbox', { name: 'New conversation' });
  const held = Promise.withResolvers<void>();
  await page.route(/commands$/, async (route) => {
    await held.promise;
    await route.continue();
  });
  await isNew.check();
  await page.locator(FIELD).focus();
  await page.keyboard.type('first');
  await page.keyboard.press('Enter');
  await page.keyboard.type(' and second');
  held.resolve();
  const { session } = await on.agent.waitFor(
    'command:execute',
    ({ command }) => command === 'first',
  );
  expect(session).toBe('new');
  await page.waitForFunction(
    (field) => document.querySelector<HTMLTextAreaElement>(field)?.value === ' and second',
    FIELD,
  );
  expect(await isNew.isChecked()).toBe(false);
  await page.keyboard.type('!');
  expect(await page.inputValue(FIELD)).toBe(' and second!');
  await page.reload();
  expect(await page.inputValue(FIELD)).toBe(' and second!');
}, 60_000);

test('clearing the text of a rejected command is not taken for its acceptance', async () => {
  await using on = await startHubFixture({ agent: { capabilities: ['shell'] } });
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  await page.evaluate(() => {
    document.addEventListener('signalbox:sent', () => document.body.classList.add('sent'));
  });
  await page.locator(FIELD).fill('a prompt');
  await page.keyboard.press('Enter');
  await page.locator('#composer-notice .notice-error').waitFor();
  await page.locator(FIELD).fill('');
  await on.startCommand('!running');
  await page.locator('#composer-hint .forecast-normal').getByText('Runs next').waitFor();
  expect(await page.locator('body.sent').count()).toBe(0);
  await page.locator(FIELD).fill('!next');
  await page.keyboard.press('Enter');
  await page.locator('body.sent').waitFor();
}, 60_000);

test('the composer says what will happen, for each priority', async () => {
  await using on = await startHubFixture();
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  const hint = page.locator('#composer-hint');
  await hint.locator('.forecast-normal').getByText('Runs now').waitFor();
  await on.startCommand('!running');
  await hint.locator('.forecast-normal').getByText('Runs next').waitFor();
  await on.dashboard.request('!queued');
  await hint.locator('.forecast-normal').getByText('2nd in the queue').waitFor();
  await page.locator('#composer').getByLabel('Priority').selectOption('high');
  expect(await hint.locator('.forecast-high').innerText()).toBe('Runs next');
  expect(await hint.locator('.forecast-normal').isVisible()).toBe(false);
}, 60_000);

test('a command can interrupt the running one, and then runs before others', async () => {
  await using on = await startHubFixture();
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  const running = await on.startCommand('!running');
  await on.dashboard.request('!queued');
  await page.fill(FIELD, '!urgent');
  await page.getByRole('button', { name: 'Interrupt and send' }).click();
  await isEmpty(page);
  await on.agent.waitFor('command:interrupt', ({ commandId }) => commandId === running);
  on.agent.sendFinished(running, { outcome: 'interrupted', exitCode: null });
  const next = await on.agent.waitFor('command:execute', ({ commandId }) => commandId !== running);
  expect(next.command).toBe('!urgent');
}, 60_000);
