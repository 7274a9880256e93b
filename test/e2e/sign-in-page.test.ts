// Signing in again: the page says why.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage } from '../support/browser/hub-page.ts';
import { startHubWithAdmin } from '../web/helpers.ts';

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
  const page = await openHubPage(browser, hub, '/history?q=tests');
  await hub.callApi('PATCH', '/users/otto', { ...asAdmin, body: { agents: ['label:x'] } });
  await page.getByText('Your access changed. Sign in again.').waitFor();
  const { pathname, searchParams } = new URL(page.url());
  expect([pathname, searchParams.get('next')]).toEqual(['/login', '/history?q=tests']);
}, 30_000);
