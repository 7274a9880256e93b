// Which command the terminal of an agent's page shows: it follows the agent, and never leaves what a person chose.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage } from '../support/browser/hub-page.ts';
import { type HubFixture, startHubFixture } from '../support/hub/hub-fixture.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

/** Starts a command that was requested, and writes its ID, so that the terminal can be told from others. */
async function begin(on: HubFixture, commandId: string): Promise<void> {
  await on.agent.waitForExecute(commandId);
  on.agent.sendStarted(commandId);
  on.agent.sendOutput(commandId, `output of ${commandId}\n`);
  await on.dashboard.waitForStatus(commandId, 'running');
}

async function finish(on: HubFixture, commandId: string): Promise<void> {
  on.agent.sendFinished(commandId);
  await on.dashboard.waitForStatus(commandId, 'completed');
}

/** Waits until the terminal shows a command and its output. */
async function waitUntilShown(page: Page, command: string, commandId: string, state: string) {
  const header = page.locator('#terminal-header');
  await header.locator('.terminal-command').getByText(command, { exact: true }).waitFor();
  await header.locator('.terminal-status').getByText(state).waitFor();
  await page.locator('.xterm-rows').getByText(`output of ${commandId}`).waitFor();
}

/** Runs a command that was requested last and ran first, and leaves one running that was requested before it. */
async function startLateCommand(on: HubFixture) {
  const first = await on.startCommand('!first');
  const late = await on.dashboard.request('!late', { priority: 'low' });
  const urgent = await on.dashboard.request('!urgent', { priority: 'high' });
  await finish(on, first);
  await begin(on, urgent);
  on.hub.clock.advance(1_000);
  await finish(on, urgent);
  await begin(on, late);
  on.hub.clock.advance(1_000);
  return late;
}

async function send(page: Page, command: string): Promise<void> {
  await page.fill('textarea[name=command]', command);
  await page.keyboard.press('Control+Enter');
  await page.waitForFunction(
    () => document.querySelector<HTMLTextAreaElement>('textarea[name=command]')?.value === '',
  );
}

async function findCommand(on: HubFixture, command: string): Promise<string> {
  const { commandId } = await on.agent.waitFor(
    'command:execute',
    (message) => message.command === command,
  );
  return commandId;
}

test('when the queue drains, the terminal keeps the command that ran last', async () => {
  await using on = await startHubFixture();
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  const late = await startLateCommand(on);
  await waitUntilShown(page, '!late', late, 'Running');
  await finish(on, late);
  await waitUntilShown(page, '!late', late, 'Completed');
  await page.reload();
  await waitUntilShown(page, '!late', late, 'Completed');
  const recent = await page.locator('#recent li code').allInnerTexts();
  expect(recent).toEqual(['!late', '!urgent', '!first']);
}, 60_000);

test('after an interrupt the terminal keeps the interrupted command, also if a queued one is cancelled', async () => {
  await using on = await startHubFixture();
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  const late = await startLateCommand(on);
  await waitUntilShown(page, '!late', late, 'Running');
  const queued = await on.dashboard.request('!queued');
  await page.getByRole('button', { name: 'Cancel: !queued' }).click();
  await on.dashboard.waitForStatus(queued, 'interrupted');
  await page.locator('.terminal-actions').getByText('Interrupt').click();
  await on.agent.waitFor('command:interrupt');
  await waitUntilShown(page, '!late', late, 'Stopping…');
  on.agent.sendFinished(late, { outcome: 'interrupted', exitCode: null });
  await on.dashboard.waitForStatus(late, 'interrupted');
  await waitUntilShown(page, '!late', late, 'Interrupted');
  await page.reload();
  await waitUntilShown(page, '!late', late, 'Interrupted');
}, 60_000);

test('after sending, the terminal follows the queue to the new command', async () => {
  await using on = await startHubFixture();
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  const first = await on.startCommand('!first');
  on.agent.sendOutput(first, `output of ${first}\n`);
  await waitUntilShown(page, '!first', first, 'Running');
  await send(page, '!second');
  await waitUntilShown(page, '!first', first, 'Running');
  await finish(on, first);

  // The command is shown as soon as the agent has it, before it starts.
  const second = await findCommand(on, '!second');
  await page.locator('.terminal-command').getByText('!second').waitFor();
  await begin(on, second);
  await waitUntilShown(page, '!second', second, 'Running');
  await finish(on, second);
  await waitUntilShown(page, '!second', second, 'Completed');

  await send(page, '!third');
  const third = await findCommand(on, '!third');
  await begin(on, third);
  await waitUntilShown(page, '!third', third, 'Running');
}, 60_000);

test('a command chosen by hand stays, and a notice offers the running one', async () => {
  await using on = await startHubFixture();
  const first = await on.startCommand('!first');
  on.agent.sendOutput(first, `output of ${first}\n`);
  await finish(on, first);
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  await page.locator('#recent').getByText('!first').click();
  await page.waitForURL(/command=/);
  await waitUntilShown(page, '!first', first, 'Completed');
  expect(await page.getByText('Now running').isVisible()).toBe(false);

  await send(page, '!second');
  const second = await findCommand(on, '!second');
  await begin(on, second);
  const notice = page.locator('.terminal-running');
  await notice.getByText('!second').waitFor();
  expect(await notice.innerText()).toMatch(/Now running:\s+!second\s+Show/);
  await waitUntilShown(page, '!first', first, 'Completed');

  await notice.getByRole('link', { name: 'Show' }).click();
  await page.waitForURL(/\/agents\/agent$/);
  await waitUntilShown(page, '!second', second, 'Running');
  await finish(on, second);
  await waitUntilShown(page, '!second', second, 'Completed');
}, 60_000);
