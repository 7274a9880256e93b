// Markup and escape sequences in every text that users, agents and AI programs can set, in a browser.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage } from '../support/browser/hub-page.ts';
import { type HubFixture, startHubFixture } from '../support/hub/hub-fixture.ts';

const MARKUP =
  `"'></title></textarea><script>evil = 1</script><img src=//evil.example/x onerror=evil=1>` +
  `<svg onload=evil=1><a href="javascript:evil=1" hx-on:load="evil=1">{{evil}}</a>` +
  '<style>@import "//evil.example/x"</style><base href="//evil.example/">';
/** Sets the title and the clipboard, asks the terminal to answer, and links to a script. */
const ESCAPES =
  '\x1b]0;evil\x07\x1b]2;evil\x07\x1b]52;c;ZXZpbA==\x07\x1b[21t\x1b[6n\x1b[c\x1b]10;?\x07\x1bP$q"p\x1b\\' +
  '\x1b]8;;javascript:evil=1\x07link\x1b]8;;\x07\x1b]1337;File=inline=1:AAAA\x07';
const EVIL = `evil${MARKUP}${ESCAPES}`;

let browser: Browser;
let on: HubFixture;
let commandId: string;
beforeAll(async () => {
  browser = await launchBrowser();
  on = await startHubFixture({
    agent: { capabilities: ['prompt', 'shell', `/${EVIL.slice(0, 99)}`] },
  });
  on.agent.send({ type: 'agent:capabilities', capabilities: ['prompt', 'shell'], notice: EVIL });
  commandId = await on.startCommand(`!${EVIL}`);
  on.agent.sendOutput(commandId, `${EVIL}\r\nend`);
  on.agent.send({
    type: 'approval:request',
    approvalId: crypto.randomUUID(),
    commandId,
    title: EVIL,
    detail: `@@ -1,1 +1,1 @@\n-${EVIL}\n+${EVIL}`,
    options: [{ optionId: EVIL.slice(0, 100), name: EVIL.slice(0, 256), kind: EVIL.slice(0, 64) }],
  });
  await on.dashboard.waitFor('approval:request');
  await on.dashboard.waitForOutput(commandId, 'end');
}, 60_000);
afterAll(async () => {
  await browser.close();
  await on[Symbol.asyncDispose]();
});

/** Records what must not happen on a page. */
function watch(page: Page): string[] {
  const incidents: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(on.hub.url)) incidents.push(`request ${request.url()}`);
  });
  page.on('dialog', (dialog) => {
    incidents.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('popup', () => incidents.push('popup'));
  page.on('pageerror', ({ message }) => incidents.push(`error ${message}`));
  return incidents;
}

test.each([
  '/',
  '/agents/agent',
  '/commands/:id',
  '/history',
  '/compare',
  '/approvals',
  '/audit',
  '/account',
])(
  'markup and escape sequences have no effect on %s',
  async (pattern) => {
    const path = pattern.replace(':id', commandId);
    let incidents: string[] = [];
    const page = await openHubPage(browser, on.hub, '/history', {
      role: 'admin',
      permissions: ['clipboard-read', 'clipboard-write'],
      userAgent: MARKUP.slice(0, 99),
      prepare(prepared) {
        incidents = watch(prepared);
        return Promise.resolve();
      },
    });
    await page.evaluate(() => navigator.clipboard.writeText('mine'));
    await page.goto(on.hub.url + path);
    await page.locator('nav').first().waitFor();
    if (pattern.startsWith('/agents/') || pattern.startsWith('/commands/')) {
      // A terminal is drawn once it is in view.
      await page.locator('.xterm').first().scrollIntoViewIfNeeded();
      await page.locator('.xterm-rows').getByText('end').first().waitFor();
    }

    expect(await page.evaluate(() => 'evil' in window)).toBe(false);
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('mine');
    expect(await page.title()).not.toBe('evil');
    for (const forbidden of [
      '[onload]',
      '[onerror]',
      '[hx-on\\:load]',
      'base',
      '[href^=javascript]',
      '[src*=evil]',
    ]) {
      expect([forbidden, await page.locator(forbidden).count()]).toEqual([forbidden, 0]);
    }
    expect(incidents).toEqual([]);
    expect(on.agent.ofType('command:input')).toEqual([]);
    await page.context().close();
  },
  30_000,
);
