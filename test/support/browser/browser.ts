// Debian's Chromium, driven by playwright-core.
import { type Browser, chromium, type Page } from 'playwright-core';
import { PASSWORD } from '../hub/binary.ts';

/** Starts a browser without a window. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: Bun.which('chromium') ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** Signs in as the admin, and goes on to a page of the hub. */
export async function signIn(page: Page, url: string, to: string): Promise<void> {
  await page.goto(`${url}/login?next=${encodeURIComponent(to)}`);
  await page.fill('input[name=username]', 'admin');
  await page.fill('input[name=password]', PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL(url + to);
}
