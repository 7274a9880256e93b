// An agent that is removed while its pages are open.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage } from '../support/browser/hub-page.ts';
import { startHubFixture } from '../support/hub/hub-fixture.ts';

const ADMIN = { userId: 'ada', role: 'admin', agents: null } as const;

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

test('the page of a removed agent says so instead of showing its last state, and its row disappears', async () => {
  await using on = await startHubFixture();
  await on.hub.addAgent('other');
  const commandId = await on.startCommand('!make');
  on.agent.sendOutput(commandId, 'compiling\n');
  const [agentPage, overview] = [
    await openHubPage(browser, on.hub, '/agents/agent'),
    await openHubPage(browser, on.hub, '/'),
  ];
  await agentPage.locator('.xterm-rows').getByText('compiling').waitFor();
  await overview.locator('#agent-agent').waitFor();

  await on.hub.hub.registry.remove(ADMIN, 'agent');
  await agentPage.getByRole('heading', { name: 'This agent was removed' }).waitFor();
  const main = agentPage.locator('main');
  expect(await main.innerText()).not.toMatch(/Busy|compiling|Send/);
  expect(await main.locator('[hx-get]').count()).toBe(0);
  const links = main.getByRole('link');
  expect(await links.evaluateAll((all) => all.map((link) => link.getAttribute('href')))).toEqual([
    '/history?agentId=agent',
    '/',
  ]);
  await overview.locator('#agent-agent').waitFor({ state: 'detached' });
  expect(await overview.locator('.agent').count()).toBe(1);
}, 60_000);
