// Files after `@`, saved prompts, and the history of prompts, in the composer of an agent's page.
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

test('@ lists files of the agent, and Enter inserts one instead of sending', async () => {
  const capabilities = ['prompt', 'shell', 'files'];
  await using on = await startHubFixture({ agent: { capabilities } });
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  await page.locator('#command').pressSequentially('Explain @ma');
  const { requestId } = await on.agent.waitFor('files:list', ({ query }) => query === 'ma');
  const files = ['src/main.ts', 'docs/my manual.md'];
  on.agent.send({ type: 'files:listed', requestId, files, isTruncated: false });
  await page.getByRole('option', { name: 'src/main.ts' }).waitFor();
  expect(await page.getByRole('listbox').getAttribute('aria-label')).toBe('Files');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  expect(await page.inputValue('#command')).toBe('Explain @"docs/my manual.md" ');
  expect(await page.getByRole('listbox').isVisible()).toBe(false);
  expect(on.agent.executedCommands()).toEqual([]);
  await page.reload();
  expect(await page.inputValue('#command')).toBe('Explain @"docs/my manual.md" ');
}, 60_000);

test('prompts are saved from the composer, and inserted into it', async () => {
  await using on = await startHubFixture();
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  const open = page.getByRole('button', { name: 'Saved prompts' });
  await open.click();
  await page.getByText('You have no saved prompts yet.').waitFor();
  expect(await page.locator('#save-prompt').isVisible()).toBe(false);
  await page.getByRole('button', { name: 'Close' }).last().click();
  await page.fill('#command', 'Review the last commit.\nBe brief.');
  await open.click();
  await page.fill('#save-prompt input[name=name]', 'Review');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Review', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Close' }).last().click();
  await page.fill('#command', 'Please: ');
  await open.click();
  await page.locator('[data-insert-prompt]').click();
  await page.locator('#dialog').waitFor({ state: 'hidden' });
  expect(await page.inputValue('#command')).toBe('Please: Review the last commit.\nBe brief.');

  await open.click();
  await page.getByLabel('Rename Review').click();
  await page.locator('.prompt-rename input[name=name]').fill('Check');
  await page.getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('button', { name: 'Delete Check' }).click();
  await page.getByText('You have no saved prompts yet.').waitFor();
}, 60_000);

test('↑ recalls what the user sent, also to other agents and on other devices', async () => {
  await using on = await startHubFixture({ dashboard: { userId: 'otto' } });
  await connectAgent(on.hub, { agentId: 'other' });
  await on.dashboard.request('first\nline two');
  await on.dashboard.request('second', { agentId: 'other' });
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  const waitForText = (text: string) =>
    page.waitForFunction(
      (expected) => document.querySelector<HTMLTextAreaElement>('#command')?.value === expected,
      text,
    );
  await page.focus('#command');
  await page.keyboard.press('ArrowUp');
  await waitForText('second');
  await page.keyboard.press('ArrowUp');
  await waitForText('first\nline two');
  // Within a text of several lines, the caret moves first.
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowDown');
  await waitForText('first\nline two');
  await page.keyboard.press('ArrowDown');
  await waitForText('second');
  await page.keyboard.press('ArrowDown');
  await waitForText('');
  await page.keyboard.type('typed');
  await page.keyboard.press('ArrowUp');
  await waitForText('typed');
  await page.keyboard.press('Control+Enter');
  await on.agent.waitFor('command:execute', ({ command }) => command.startsWith('first'));
  await waitForText('');
  await page.keyboard.press('ArrowUp');
  await waitForText('typed');
}, 60_000);

test('↑ does not replace what the user types while the history is fetched', async () => {
  await using on = await startHubFixture({ dashboard: { userId: 'otto' } });
  await on.dashboard.request('first');
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  const held = Promise.withResolvers<void>();
  await page.route(/prompts\/history$/, async (route) => {
    await held.promise;
    await route.continue();
  });
  const requested = page.waitForRequest(/prompts\/history$/);
  await page.focus('#command');
  await page.keyboard.press('ArrowUp');
  await requested;
  await page.keyboard.type('typed');
  const fetched = page.waitForResponse(/prompts\/history$/);
  held.resolve();
  await (await fetched).finished();
  // The page has handled the response when a later request of its own is answered.
  await page.evaluate(() => fetch('/healthz').then((response) => response.text()));
  expect(await page.inputValue('#command')).toBe('typed');
  // The history starts at its end again.
  await page.fill('#command', '');
  await page.keyboard.press('ArrowUp');
  await page.waitForFunction(
    () => document.querySelector<HTMLTextAreaElement>('#command')?.value === 'first',
  );
}, 60_000);
