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

test.each(SIZES)('the compare form keeps its distance from its panel (%p)', async (viewport) => {
  await using hub = await startTestHub();
  for (const agentId of ['left', 'right', 'third']) await hub.addAgent(agentId);
  const page = await openHubPage(browser, hub, '/compare', { viewport });
  const panel = await boxOf(page, '.compare-form');
  const option = await boxOf(page, '.agent-option');
  const button = await boxOf(page, '.compare-form button[type=submit]');
  const hint = await boxOf(page, '.compare-hint');
  expect(option.top - panel.top).toBeGreaterThanOrEqual(12);
  expect(option.left - panel.left).toBeGreaterThanOrEqual(12);
  expect(panel.right - button.right).toBeCloseTo(option.left - panel.left, 0);
  expect(hint.left).toBeGreaterThanOrEqual(option.left);
  // In one line with the button, or below it.
  const isBeside = hint.right <= button.left && hint.bottom <= button.bottom;
  expect(isBeside).toBe(viewport.width > 1000);
  expect(isBeside || hint.top >= button.bottom).toBe(true);
});
