// Debian's Chromium, driven by playwright-core.
import { type Browser, chromium } from 'playwright-core';

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
