// Typing into a terminal: who may, whose window the size follows, and what a lost connection does to keystrokes.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { CloseCode } from '../../src/protocol/close-codes.ts';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage, type HubPageOptions } from '../support/browser/hub-page.ts';
import { type HubFixture, startHubFixture } from '../support/hub/hub-fixture.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

const startPtyFixture = () => startHubFixture({ agent: { capabilities: ['shell', 'pty'] } });

async function openTerminal(on: HubFixture, commandId: string, options: HubPageOptions = {}) {
  const page = await openHubPage(browser, on.hub, `/commands/${commandId}`, options);
  await page.locator('.xterm-rows').getByText('ready').waitFor();
  return page;
}

async function startProgram(on: HubFixture): Promise<string> {
  const commandId = await on.startCommand('!program');
  on.agent.sendOutput(commandId, 'ready\r\n');
  return commandId;
}

const typeButton = (page: Page) => page.getByRole('button', { name: 'Type in the terminal' });
const hint = (page: Page) => page.locator('.terminal-hint');
const typed = (on: HubFixture) =>
  on.agent
    .ofType('command:input')
    .map(({ data }) => data)
    .join('');

async function startTyping(page: Page): Promise<void> {
  await typeButton(page).waitFor();
  await page.locator('.terminal-screen').click();
  await hint(page).getByText('Typing').waitFor();
}

test('keys go to the program after the button or Enter, and to the page after Esc twice', async () => {
  await using on = await startPtyFixture();
  const commandId = await startProgram(on);
  const page = await openTerminal(on, commandId);
  await page.locator('.xterm-helper-textarea').focus();
  await page.keyboard.type('ignored');
  await page.keyboard.press('Enter');
  await hint(page).getByText('Typing. Esc twice to leave').waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await typeButton(page).click();
  await page.keyboard.type('ls');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await typeButton(page).waitFor();
  await page.keyboard.type('no');
  await on.agent.waitUntil(() => typed(on).endsWith('\r\u001b\u001b') || undefined, 'the keys');
  expect(typed(on)).toBe('\u001b\u001bls\t\r\u001b\u001b');
}, 60_000);

test('typing goes on when a tool of the terminal is used', async () => {
  await using on = await startPtyFixture();
  const commandId = await startProgram(on);
  const page = await openTerminal(on, commandId);
  await startTyping(page);
  await page.getByRole('button', { name: 'Full screen' }).click();
  await page.waitForFunction(() => document.fullscreenElement !== null);
  await page.keyboard.type('x');
  await on.agent.waitUntil(() => typed(on) === 'x' || undefined, 'the key');
}, 60_000);

test('viewers cannot type, and do not change the size', async () => {
  await using on = await startPtyFixture();
  const commandId = await startProgram(on);
  const page = await openTerminal(on, commandId, { role: 'viewer', userId: 'eve' });
  await page.locator('.terminal-screen').click();
  await page.keyboard.type('no');
  expect(await page.locator('[data-typing]').count()).toBe(0);
  expect(await page.getByRole('button', { name: 'Take over' }).isVisible()).toBe(false);
  await on.agent.ping();
  expect(on.agent.ofType('command:input')).toEqual([]);
  expect(on.agent.ofType('terminal:resize')).toEqual([]);
}, 60_000);

test('the size follows one window, and another one can take over', async () => {
  await using on = await startPtyFixture();
  const commandId = await startProgram(on);
  const anna = await openTerminal(on, commandId, {
    userId: 'anna',
    viewport: { width: 1200, height: 900 },
  });
  await startTyping(anna);
  const first = await on.agent.waitFor('terminal:resize');
  const ben = await openTerminal(on, commandId, {
    userId: 'ben',
    viewport: { width: 700, height: 700 },
  });
  const owned = on.agent.ofType('terminal:resize').length;
  const text = `Sized for anna’s window, ${first.cols} × ${first.rows}`;
  await hint(ben).getByText(text).waitFor();
  await ben.locator('.terminal-screen').click();
  await ben.keyboard.type('b');
  await on.agent.waitFor('command:input', ({ data }) => data === 'b');
  expect(on.agent.ofType('terminal:resize').length).toBe(owned);

  await ben.keyboard.press('Escape');
  await ben.keyboard.press('Escape');
  await ben.getByRole('button', { name: 'Take over' }).click();
  const second = await on.agent.waitFor('terminal:resize', ({ cols }) => cols < first.cols);
  await anna.keyboard.press('Escape');
  await anna.keyboard.press('Escape');
  await hint(anna).getByText(`Sized for ben’s window, ${second.cols} × ${second.rows}`).waitFor();
  await ben.close();
  await on.agent.waitFor('terminal:resize', ({ cols }) => cols === first.cols);
  await on.agent.waitUntil(
    () => on.agent.ofType('terminal:resize').at(-1)?.cols === first.cols || undefined,
    'the size of the window that is left',
  );
}, 60_000);

test('queries of the program are answered by the owner only, and not again after a reload', async () => {
  await using on = await startPtyFixture();
  const commandId = await startProgram(on);
  const anna = await openTerminal(on, commandId, { userId: 'anna' });
  await startTyping(anna);
  const ben = await openTerminal(on, commandId, { userId: 'ben' });
  await ben.locator('.terminal-screen').click();
  on.agent.sendOutput(commandId, '\u001b[6nasked\r\n');
  await ben.locator('.xterm-rows').getByText('asked').waitFor();
  await on.agent.waitFor('command:input');
  await anna.reload();
  await anna.locator('.xterm-rows').getByText('asked').waitFor();
  await hint(anna).getByText('Sized for ben’s window').waitFor();
  await anna.locator('.terminal-screen').click();
  await anna.keyboard.type('x');
  await on.agent.waitFor('command:input', ({ data }) => data === 'x');
  // eslint-disable-next-line no-control-regex
  expect(typed(on)).toMatch(/^\u001b\[2;1Rx$/);
}, 60_000);

test('keys that were typed while the connection was lost are shown, and are never sent again', async () => {
  await using on = await startPtyFixture();
  const commandId = await startProgram(on);
  const page = await openTerminal(on, commandId);
  await startTyping(page);
  await page.keyboard.type('a');
  await on.agent.waitFor('command:input', ({ data }) => data === 'a');
  const banner = page.getByText('The hub is shutting down.');
  await page.route('**/api/v1/session', () => undefined);
  for (const { userId, link } of on.hub.hub.state.dashboards.values()) {
    if (userId === 'otto') link.close(CloseCode.goingAway, 'shutdown');
  }
  await banner.waitFor();
  await page.keyboard.type('rm');
  const note = page.locator('.terminal-note');
  await note.getByText('Not connected. 2 keys were not sent.').waitFor();
  await page.unroute('**/api/v1/session');
  await banner.waitFor({ state: 'hidden' });
  await page.keyboard.type('z');
  await on.agent.waitFor('command:input', ({ data }) => data === 'z');
  expect(typed(on)).toBe('az');
  expect(await note.isVisible()).toBe(true);
  await note.getByRole('button', { name: 'Dismiss' }).click();
  expect(await note.isVisible()).toBe(false);
}, 60_000);

test('several lines are pasted at once only in brackets; otherwise the page asks first', async () => {
  await using on = await startPtyFixture();
  const commandId = await startProgram(on);
  const page = await openTerminal(on, commandId);
  await startTyping(page);
  const paste = (text: string) =>
    page.evaluate((pasted) => {
      const data = new DataTransfer();
      data.setData('text/plain', pasted);
      const event = new ClipboardEvent('paste', { clipboardData: data, bubbles: true });
      document.querySelector('.xterm-helper-textarea')?.dispatchEvent(event);
    }, text);
  const dialog = page.locator('.terminal-confirm');
  await paste('one\n');
  await on.agent.waitFor('command:input', ({ data }) => data === 'one\r');
  await paste('two\nthree');
  await dialog.getByText('Paste 2 lines?').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await hint(page).getByText('Typing').waitFor();
  await paste('four\nfive');
  await dialog.getByRole('button', { name: 'Paste' }).click();
  await on.agent.waitFor('command:input', ({ data }) => data === 'four\rfive');
  on.agent.sendOutput(commandId, '\u001b[?2004hbrackets');
  await page.locator('.xterm-rows').getByText('brackets').waitFor();
  await paste('six\nseven');
  await on.agent.waitFor('command:input', ({ data }) => data.includes('six\rseven'));
  expect(typed(on)).toBe('one\rfour\rfive\u001b[200~six\rseven\u001b[201~');
}, 60_000);

test('on a phone, a bar has the keys that its keyboard lacks', async () => {
  await using on = await startPtyFixture();
  const commandId = await startProgram(on);
  const page = await openTerminal(on, commandId, {
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });
  const bar = page.locator('.terminal-keys');
  expect(await bar.isVisible()).toBe(false);
  await typeButton(page).waitFor();
  await page.locator('.terminal-screen').tap();
  await bar.waitFor();
  for (const name of ['Esc', 'Tab', 'Up', 'Left', 'Page up']) {
    await bar.getByRole('button', { name, exact: true }).tap();
  }
  await bar.getByRole('button', { name: 'Ctrl' }).tap();
  await page.keyboard.type('c');
  await on.agent.waitFor('command:input', ({ data }) => data === '\u0003');
  expect(typed(on)).toBe('\u001b\t\u001b[A\u001b[D\u001b[5~\u0003');
}, 60_000);
