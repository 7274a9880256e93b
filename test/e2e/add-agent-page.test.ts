// Adding an agent: the dialog says when the agent is connected.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage } from '../support/browser/hub-page.ts';
import { connectAgent } from '../support/hub/scripted-agent.ts';
import { startTestHub } from '../support/hub/hub.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

test('the dialog of an added agent waits until the agent is connected, and while it is not', async () => {
  await using hub = await startTestHub();
  const page = await openHubPage(browser, hub, '/', { role: 'admin', userId: 'root' });
  await page
    .locator('.page-header, .empty')
    .getByRole('button', { name: 'Add agent' })
    .last()
    .click();
  await page.getByLabel('Agent ID').fill('build.1');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Waiting for build.1 to connect…').waitFor();
  const token = await dialog.locator('#agent-token').textContent();
  const agent = await connectAgent(hub, { agentId: 'build.1', token: `${token}` });
  await dialog.getByText('✓ build.1 is connected').waitFor();
  agent.terminate();
  await dialog.getByText('Waiting for build.1 to connect…').waitFor();
  expect(await dialog.locator('#start-command').textContent()).toContain(`${token}`);
}, 30_000);
