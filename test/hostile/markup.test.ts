// Markup and escape sequences in every text that users, agents and AI programs can set, in a browser.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import type { AcceptedComparison } from '../../src/protocol/api.ts';
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
/** Returns a text with both, which begins with the name of its field. */
const evil = (field: string, maxLength = 1_024) =>
  `${field}${MARKUP}${ESCAPES}`.slice(0, maxLength);

let browser: Browser;
let on: HubFixture;
/** By the name of the parameter in the paths below. */
const ids: Record<string, string> = {};
beforeAll(async () => {
  browser = await launchBrowser();
  on = await startHubFixture({
    agent: {
      capabilities: ['prompt', 'shell', `/${evil('capability', 99)}`],
      runner: { name: evil('runner', 128), version: evil('version', 128), host: evil('host', 256) },
    },
  });
  const notice = evil('notice');
  on.agent.send({ type: 'agent:capabilities', capabilities: ['prompt', 'shell'], notice });
  await on.hub.store.users.insert({
    id: 'otto',
    passwordHash: null,
    role: 'admin',
    agents: null,
    createdAt: 0,
    disabledAt: null,
    twoFactor: null,
    identity: null,
  });
  const expiresAt = on.hub.clock.now() + 60_000;
  await post('/account/tokens', { name: evil('api', 64), scope: 'viewer', expiresAt });
  await post('/agents/agent/tokens', { name: evil('token', 64) });
  const user = { userId: 'otto', role: 'admin', agents: null } as const;
  await on.hub.hub.sessions.start(user, { address: null, userAgent: evil('browser') });
  Object.assign(ids, await runComparison());
  ids['command'] = await on.startCommand(`!${evil('command')}`);
  on.agent.sendOutput(ids['command'], `${evil('output')}\r\nend`);
  await requestApproval(ids['command']);
  await on.dashboard.waitForOutput(ids['command'], 'end');
}, 120_000);
afterAll(async () => {
  await browser.close();
  await on[Symbol.asyncDispose]();
});

async function post<T>(path: string, body: object): Promise<T> {
  const response = await on.hub.callApi('POST', path, { role: 'admin', userId: 'otto', body });
  expect([path, response.ok]).toEqual([path, true]);
  return (await response.json()) as T;
}

async function requestApproval(commandId: string): Promise<string> {
  const approvalId = crypto.randomUUID();
  on.agent.send({
    type: 'approval:request',
    approvalId,
    commandId,
    title: evil('title'),
    detail: `@@ -1,1 +1,1 @@\n-${evil('detail')}\n+${evil('detail')}`,
    options: [{ optionId: evil('id', 100), name: evil('option', 256), kind: evil('kind', 64) }],
  });
  await on.dashboard.waitFor('approval:request', (message) => message.approvalId === approvalId);
  return approvalId;
}

/** Runs a prompt that fails, with an approval that is resolved, in a comparison. */
async function runComparison() {
  const body = { agentIds: ['agent'], command: evil('prompt') };
  const { comparisonId, commands } = await post<AcceptedComparison>('/comparisons', body);
  const commandId = commands[0]?.commandId ?? '';
  await on.agent.waitForExecute(commandId);
  on.agent.sendStarted(commandId);
  const approvalId = await requestApproval(commandId);
  on.dashboard.send({ type: 'approval:respond', approvalId, optionId: evil('id', 100) });
  await on.agent.waitFor('approval:resolved');
  const cost = { amount: 1, currency: evil('EUR', 16) };
  on.agent.sendFinished(commandId, {
    outcome: 'failed',
    exitCode: 1,
    signal: evil('signal', 32),
    error: { code: 'program_failed', message: evil('error') },
    report: {
      conversationId: evil('conversation', 256),
      usage: { used: 1, size: 9, cost },
      changes: { files: 1, added: 1, removed: 1 },
    },
  });
  await on.agent.waitForAcknowledged(commandId);
  return { comparison: comparisonId, finished: commandId };
}

/** Records what must not happen on a page. */
function watch(page: Page): string[] {
  const incidents: string[] = [];
  page.on('dialog', (dialog) => {
    incidents.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('popup', () => incidents.push('popup'));
  return incidents;
}

/** The pages, the fields that they show, and the dialog to open. */
test.each<[path: string, fields: string[], dialog: string | null]>([
  ['/', ['command'], null],
  ['/agents/agent', ['command', 'notice', 'prompt'], null],
  ['/agents/agent', ['token'], '/agents/agent/tokens'],
  ['/agents/agent', [], '/agents/agent/labels'],
  ['/commands/:command', ['command', 'title', 'detail', 'option'], null],
  ['/commands/:finished', ['prompt', 'error', 'signal', 'EUR', 'title', 'detail', 'option'], null],
  ['/history', ['command', 'prompt'], null],
  ['/history?conversationId=:conversation', ['prompt'], null],
  ['/compare', ['prompt'], null],
  ['/compare/:comparison', ['prompt', 'EUR'], null],
  ['/approvals', ['title', 'detail', 'option'], null],
  ['/audit', ['runner', 'version', 'host'], null],
  ['/account', ['browser', 'api'], null],
  ['/account', [], '/dialogs/add-api-token'],
  ['/users', [], null],
])(
  'markup and escape sequences are only text on %s: %p %p',
  async (pattern, fields, dialog) => {
    const path = pattern
      .replace(':conversation', encodeURIComponent(evil('conversation', 256)))
      .replace(/:(\w+)/, (_, name: string) => ids[name] ?? '');
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
    await page.goto(on.hub.url + path, { waitUntil: 'domcontentloaded' });
    const title = await page.title();
    await page.locator('nav').first().waitFor();
    if (dialog !== null) {
      const button = page.locator(`[hx-get="${dialog}"]`).first();
      await button.evaluate((element: HTMLElement) => element.click());
      await page.locator('#dialog-body :is(input, select)').first().waitFor();
    }
    if (dialog === null && /^\/(agents|commands)\//.test(pattern)) {
      // A terminal is drawn once it is in view.
      await page.locator('.xterm').first().scrollIntoViewIfNeeded();
      const text = pattern === '/commands/:finished' ? '' : 'end';
      await page.locator('.xterm-rows').getByText(text).first().waitFor({ state: 'attached' });
    }

    const shown = await page.evaluate(() => document.body.textContent ?? '');
    const missing = fields.filter((field) => !shown.includes(`${field}${MARKUP.slice(0, 11)}`));
    expect(missing).toEqual([]);
    expect(await page.evaluate(() => 'evil' in window)).toBe(false);
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('mine');
    expect(await page.title()).toBe(title);
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
  60_000,
);
