// The layout of lists and forms: text over the full width, buttons at the right, nothing at or beyond the edge of a panel.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage } from '../support/browser/hub-page.ts';
import { startTestHub } from '../support/hub/hub.ts';

const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

/** Where an element is, in CSS pixels. */
async function boxOf(page: Page, selector: string) {
  const { x, y, width, height } = (await page.locator(selector).first().boundingBox())!;
  return { left: x, right: x + width, top: y, bottom: y + height, width };
}

test.each(SIZES)(
  'a session fills its row, and its button is at the right (%p)',
  async (viewport) => {
    await using hub = await startTestHub();
    await hub.startSession('operator', 'otto');
    const page = await openHubPage(browser, hub, '/account', { viewport });
    const row = await boxOf(page, '.account-session:has(button)');
    const text = await boxOf(page, '.account-session:has(button) > div');
    const button = await boxOf(page, '.account-session button');
    expect(row.right - button.right).toBeLessThan(20);
    expect(button.left - text.right).toBeGreaterThanOrEqual(0);
    expect(text.left - row.left).toBeLessThan(20);
    expect(text.width).toBeGreaterThan(row.width / 2);
  },
);
