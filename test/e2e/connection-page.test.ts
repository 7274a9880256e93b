// What a page shows while its connection is silent, lost or rejected.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { CloseCode, type CloseReason } from '../../src/protocol/close-codes.ts';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage } from '../support/browser/hub-page.ts';
import { type HubFixture, startHubFixture } from '../support/hub/hub-fixture.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

const openAgentPage = (on: HubFixture) =>
  openHubPage(browser, on.hub, '/agents/agent', { prepare: (page) => page.clock.install() });

/** The text of the clock that shows how long the command has been running. */
const readElapsed = (page: Page) => page.locator('#current-footer local-time span').innerText();

test('12 s without a heartbeat show "Connection lost" and stop the running clocks, until the hub responds', async () => {
  await using on = await startHubFixture();
  const page = await openAgentPage(on);
  await on.startCommand();
  await page.locator('#current-footer').getByText('Running').waitFor();
  const banner = page.getByText('Connection lost.');
  await page.clock.runFor(10_500);
  expect(await banner.isVisible()).toBe(false);
  await page.clock.runFor(1_500);
  await banner.waitFor();
  const stopped = await readElapsed(page);
  await page.clock.runFor(5_000);
  expect(await readElapsed(page)).toBe(stopped);

  on.hub.clock.advance(10_000);
  await banner.waitFor({ state: 'hidden' });
  await page.clock.runFor(10_000);
  expect(await readElapsed(page)).not.toBe(stopped);
}, 60_000);

test.each([
  ['slow_consumer', 'This connection is too slow for the output it shows.'],
  ['limit', 'The hub has reached its dashboard limit.'],
] as [CloseReason, string][])(
  'a close with 1013 %s is described',
  async (reason, text) => {
    await using on = await startHubFixture();
    const page = await openAgentPage(on);
    await page.route('**/api/v1/session', () => undefined);
    for (const { userId, link } of on.hub.hub.state.dashboards.values()) {
      if (userId === 'otto') link.close(CloseCode.tryAgainLater, reason);
    }
    await page.getByText(text).waitFor();
  },
  60_000,
);

test('a session request that hangs is aborted after 10 s, and the page connects with the next one', async () => {
  await using on = await startHubFixture();
  let requests = 0;
  const page = await openAgentPage(on);
  await page.route('**/api/v1/session', (route) => {
    requests += 1;
    return requests === 1 ? undefined : route.continue();
  });
  for (const { userId, link } of on.hub.hub.state.dashboards.values()) {
    if (userId === 'otto') link.close(CloseCode.goingAway, 'shutdown');
  }
  await page.getByText('The hub is shutting down.').waitFor();
  await page.clock.runFor(10_000);
  await page.getByText('Connection lost.').waitFor();
  await page.clock.runFor(1_000);
  await page.locator('#connection').waitFor({ state: 'hidden' });
  expect(requests).toBe(2);
}, 60_000);
