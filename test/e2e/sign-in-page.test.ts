// Signing in again: why it is needed, and that the page opens where it was.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage } from '../support/browser/hub-page.ts';
import { PASSWORD, startHubWithAdmin } from '../web/helpers.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

const asAdmin = { role: 'admin', userId: 'admin' } as const;

test('a user whose access changes is told so at the sign-in', async () => {
  await using hub = await startHubWithAdmin();
  const body = { username: 'otto', role: 'operator' };
  await hub.callApi('POST', '/users', { ...asAdmin, body });
  const page = await openHubPage(browser, hub, '/account?x=1#sessions');
  await hub.callApi('PATCH', '/users/otto', { ...asAdmin, body: { agents: ['label:x'] } });
  await page.getByText('Your access changed. Sign in again.').waitFor();
  const { pathname, searchParams, hash } = new URL(page.url());
  expect([pathname, searchParams.get('next'), hash]).toEqual([
    '/login',
    '/account?x=1',
    '#sessions',
  ]);
}, 30_000);

test('a link to a line of the output opens at the line after the sign-in', async () => {
  await using hub = await startHubWithAdmin();
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${hub.url}/commands/unknown?q=x#out-2.22`);
  await page.fill('input[name=username]', 'admin');
  await page.fill('input[name=password]', 'wrong');
  await page.keyboard.press('Enter');
  await page.getByText('Incorrect username or password.').waitFor();
  await page.fill('input[name=password]', PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${hub.url}/commands/unknown?q=x#out-2.22`);
  // Signed in, the sign-in page continues as well.
  await page.goto(`${hub.url}/login?next=%2Fhistory#top`);
  await page.waitForURL(`${hub.url}/history#top`);
}, 30_000);
