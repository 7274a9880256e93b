// Drives Debian's Chromium through playwright-core.
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';
import { PASSWORD } from '../binary.ts';

/**
 * Features that are turned off. The first ones load the interface of the address bar in a page of their own for each
 * window, which takes longer than most pages of the hub. The others are those that Playwright turns off: Chromium uses
 * only the last list.
 */
const DISABLED_FEATURES = [
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxFullPopup',
  'AimEnabled',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
  'ThirdPartyStoragePartitioning',
];

/**
 * Starts a headless browser.
 * Closing it fails if a page reported an error, violated its policy, or made a request beyond its origin.
 */
export async function launchBrowser(): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: Bun.which('chromium') ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      // Starting a process for each page takes longer than most tests.
      '--renderer-process-limit=1',
      `--disable-features=${DISABLED_FEATURES.join(',')}`,
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const problems: string[] = [];
  const newContext = browser.newContext.bind(browser);
  const close = browser.close.bind(browser);
  return Object.assign(browser, {
    async newContext(options?: BrowserContextOptions) {
      const context = await newContext(options);
      watch(context, problems);
      return context;
    },
    async close() {
      await close();
      if (problems.length > 0) throw new Error(`Problems of pages:\n${problems.join('\n')}`);
    },
  });
}

/** Collects what no page may do. A page may navigate elsewhere, to an identity provider. */
function watch(context: BrowserContext, problems: string[]): void {
  /** Where pages have navigated to. The URL of a frame is that of its last page until the next one is there. */
  const origins = new Set<string>();
  context.on('console', (line) => {
    if (line.type() !== 'error' || isExpectedError(line.text())) return;
    problems.push(`${line.page()?.url()}: ${line.text()}`);
  });
  context.on('weberror', (event) => {
    const error = event.error();
    const text = error.stack || String(error);
    if (!isExpectedError(text)) problems.push(`${event.page()?.url()}: ${text}`);
  });
  context.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (request.isNavigationRequest()) origins.add(origin);
    else if (!['data:', 'blob:'].includes(protocol) && !origins.has(origin)) {
      problems.push(`A request to ${request.url()}`);
    }
  });
}

/**
 * Chromium and htmx report each response with an error status, each hub that is away, and pages left
 * during a transition, which it also ends if the next page takes long.
 */
const isExpectedError = (text: string) =>
  /^(Failed to load resource|WebSocket connection to|htmx: htmx:error: |(InvalidState|Abort|Timeout)Error: Transition was )/.test(
    text,
  );

/** Signs in as the admin and opens a page of the hub. */
export async function signIn(page: Page, url: string, path: string): Promise<void> {
  await page.goto(`${url}/login?next=${encodeURIComponent(path)}`);
  await page.fill('input[name=username]', 'admin');
  await page.fill('input[name=password]', PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL(url + path);
}
