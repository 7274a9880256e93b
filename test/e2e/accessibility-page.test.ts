// What axe checks, in both themes: names, roles, contrast and structure of the agent page in its states, and of the inbox.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage } from '../support/browser/hub-page.ts';
import { requestApproval } from '../support/hub/approvals.ts';
import { type HubFixture, startHubFixture } from '../support/hub/hub-fixture.ts';

const COLORS = Array.from(
  { length: 16 },
  (_, index) => `\u001b[38;5;${index}mcolor ${index}\u001b[0m`,
);

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

async function findViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run(document, {
      resultTypes: ['violations'],
    }),
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary ?? ''}`),
  );
}

/** Ended commands with colors and errors, a running one with a request, and a queued one. */
async function fillSession(on: HubFixture): Promise<void> {
  for (const [command, output] of [
    ['!colors', `${COLORS.join('\n')}\n${'line\n'.repeat(60)}`],
    ['Write a long text.\n'.repeat(9), 'done\n'],
  ] as const) {
    const commandId = await on.startCommand(command);
    on.agent.sendOutput(commandId, output);
    on.agent.sendOutput(commandId, 'an error\n', 'stderr');
    on.agent.sendFinished(commandId, { outcome: 'failed', exitCode: 1 });
    await on.dashboard.waitForStatus(commandId, 'failed');
  }
  const running = await on.startCommand('!running');
  on.agent.sendOutput(running, 'output\n');
  await on.dashboard.request('!queued');
  await requestApproval(on, running);
}

test.each(['dark', 'light'] as const)(
  'axe finds nothing in the %s theme',
  async (colorScheme) => {
    await using on = await startHubFixture({ agent: { notice: 'Codex is not installed.' } });
    const open = (path: string, viewport = { width: 1440, height: 900 }) =>
      openHubPage(browser, on.hub, path, { role: 'admin', userId: 'ada', colorScheme, viewport });
    const violations: string[] = [];
    const check = async (state: string, page: Page) => {
      violations.push(...(await findViolations(page)).map((one) => `${state}: ${one}`));
    };
    const page = await open('/agents/agent');
    await check('empty', page);
    await fillSession(on);
    await page.locator('.approval').waitFor();
    await page.locator('#current .xterm-rows').getByText('output').waitFor();
    await check('running', page);
    const phone = await open('/agents/agent', { width: 390, height: 844 });
    await phone.locator('.approval').waitFor();
    await check('phone', phone);
    await phone.getByRole('button', { name: /^Queue/ }).click();
    await check('queue', phone);
    for (const path of ['/', '/approvals', '/history']) await check(path, await open(path));
    expect(violations).toEqual([]);
  },
  90_000,
);
