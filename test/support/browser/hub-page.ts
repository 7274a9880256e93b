// Opens pages of a hub that runs in the test's own process, so that a test controls the hub's clock and its agents.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Role } from '../../../src/protocol/entities.ts';
import type { TestHub } from '../hub/hub.ts';

export interface HubPageOptions extends BrowserContextOptions {
  role?: Role;
  userId?: string;
  /** Runs before the page is loaded. */
  prepare?(page: Page): Promise<unknown>;
}

/** Opens a page as a signed-in user, in a browser context of its own, and waits until it is connected. */
export async function openHubPage(
  browser: Browser,
  hub: TestHub,
  path: string,
  { role = 'operator', userId = 'otto', prepare, ...options }: HubPageOptions = {},
): Promise<Page> {
  const context = await browser.newContext(options);
  const value = await hub.issueToken(role, userId);
  await context.addCookies([{ name: 'signalbox', value, url: hub.url }]);
  const page = await context.newPage();
  await prepare?.(page);
  // A promise of the socket would be too late if the first frame arrives together with it.
  const welcomed = new Promise<void>((resolve) => {
    page.once('websocket', (socket) => socket.once('framereceived', () => resolve()));
  });
  await page.goto(hub.url + path);
  await welcomed;
  return page;
}

/** Whether an element is completely within the visible part of the page. */
export function isInViewport(page: Page, selector: string): Promise<boolean> {
  return page.locator(selector).evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  });
}
