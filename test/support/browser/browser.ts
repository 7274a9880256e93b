// Drives Debian's Chromium through playwright-core.
import { type Browser, chromium, type Page } from 'playwright-core';
import { PASSWORD } from '../binary.ts';

/** Starts a headless browser. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: Bun.which('chromium') ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      // Starting a process for each page takes longer than most tests.
      '--renderer-process-limit=1',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** Signs in as the admin and opens a page of the hub. */
export async function signIn(page: Page, url: string, path: string): Promise<void> {
  await page.goto(`${url}/login?next=${encodeURIComponent(path)}`);
  await page.fill('input[name=username]', 'admin');
  await page.fill('input[name=password]', PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL(url + path);
}
