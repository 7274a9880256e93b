// A command for an agent that is offline: rejected at first, and queued at the user's request.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { isInViewport, openHubPage } from '../support/browser/hub-page.ts';
import { startHubFixture } from '../support/hub/hub-fixture.ts';
import { startTestHub } from '../support/hub/hub.ts';
import { connectAgent } from '../support/hub/scripted-agent.ts';

const PHONE = { width: 390, height: 844 };

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

test('a command for an agent that is offline is queued, as the button says, and runs when the agent connects', async () => {
  await using hub = await startTestHub();
  const token = await hub.addAgent('build');
  const page = await openHubPage(browser, hub, '/agents/build', { viewport: PHONE });
  const forecast = page.locator('.forecast-normal');
  await forecast.getByText('build is offline: runs when it is online').waitFor();
  await page.fill('textarea[name=command]', '!make');
  await page.getByRole('button', { name: 'Queue', exact: true }).click();
  await page.getByText('Queued until build is online').waitFor();
  expect(await page.inputValue('textarea[name=command]')).toBe('');
  await page.locator('#queued-blocks').getByText('make').waitFor();
  await forecast.getByText('build is offline: 2nd in the queue').waitFor();

  const agent = await connectAgent(hub, { agentId: 'build', token });
  await agent.waitFor('command:execute', ({ command }) => command === '!make');
  expect(agent.executedCommands()).toEqual(['!make']);
}, 60_000);

test('a command that an agent is too late for is kept, and can be queued', async () => {
  await using on = await startHubFixture();
  const page = await openHubPage(browser, on.hub, '/agents/agent', { viewport: PHONE });
  await page.locator('.forecast-normal').getByText('Runs now').waitFor();
  // The page does not know yet that the agent is offline, not even from a request that began before.
  await page.waitForLoadState('networkidle');
  await page.route(/live/, () => undefined);
  await on.disconnectAgent();
  await page.fill('textarea[name=command]', '!make');
  await page.keyboard.press('Control+Enter');
  const queue = page.getByRole('button', { name: 'Queue anyway' });
  await queue.waitFor();
  expect(await page.locator('#composer-notice').innerText()).toContain('Agent "agent" is offline.');
  expect(await page.inputValue('textarea[name=command]')).toBe('!make');
  expect(await isInViewport(page, '#composer-notice .notice')).toBe(true);
  expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('command');
  await queue.click();
  await page.getByText('Queued until agent is online').waitFor();
  const agent = await on.reconnectAgent();
  await agent.waitFor('command:execute', ({ command }) => command === '!make');
}, 60_000);

test('a comparison with an offline agent can be queued', async () => {
  await using on = await startHubFixture();
  await on.hub.addAgent('second');
  const page = await openHubPage(browser, on.hub, '/compare');
  await page.getByRole('checkbox', { name: 'agent' }).check();
  await page.getByRole('checkbox', { name: 'second' }).check();
  await page.fill('textarea[name=command]', 'Fix the gate');
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  await page.getByText('Agent "second" is offline.').waitFor();
  expect(on.agent.executedCommands()).toEqual([]);
  await page.getByRole('button', { name: 'Queue anyway' }).click();
  await page.waitForURL(/\/compare\/[0-9a-f-]{36}$/);
  await on.agent.waitFor('command:execute', ({ command }) => command === 'Fix the gate');
}, 60_000);
