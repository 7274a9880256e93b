// The layout of the agent page: as high as the window, without scrolling sideways, from 320 px to 4K.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { isInViewport, openHubPage } from '../support/browser/hub-page.ts';
import { requestApproval } from '../support/hub/approvals.ts';
import { startHubFixture } from '../support/hub/hub-fixture.ts';
import { connectAgent } from '../support/hub/scripted-agent.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

/** How far the page can be scrolled, in both directions. */
const readOverflow = (page: Page) =>
  page.evaluate(() => [
    document.documentElement.scrollWidth - innerWidth,
    document.documentElement.scrollHeight - innerHeight,
  ]);

test('the composer and pending requests are in view in every width, and nothing overflows', async () => {
  await using on = await startHubFixture({
    agent: { capabilities: ['prompt', 'shell', '/review'] },
  });
  for (let index = 0; index < 3; index++) {
    const commandId = await on.startCommand(`!${'long '.repeat(60)}`);
    on.agent.sendOutput(commandId, `${'wide'.repeat(200)}\n`.repeat(30));
    on.agent.sendFinished(commandId);
    await on.dashboard.waitForStatus(commandId, 'completed');
  }
  await requestApproval(on, await on.startCommand('!running'));
  const page = await openHubPage(browser, on.hub, '/agents/agent', {
    userId: 'a-user-with-a-long-name@example.com',
  });
  await page.locator('.approval').waitFor();
  for (const [width, height] of [
    [320, 640],
    [360, 800],
    [390, 844],
    [720, 450],
    [1000, 700],
    [1440, 900],
    [3840, 2160],
  ] as const) {
    await page.setViewportSize({ width, height });
    expect([width, ...(await readOverflow(page))]).toEqual([width, 0, 0]);
    expect([width, await isInViewport(page, '#composer')]).toEqual([width, true]);
    expect([width, await isInViewport(page, '.approval-options')]).toEqual([width, true]);
    expect([width, await page.locator('#side').isVisible()]).toEqual([width, width >= 1200]);
  }
}, 120_000);

test('the options of a long request can be seen and clicked at once', async () => {
  await using on = await startHubFixture();
  await requestApproval(on, await on.startCommand('!running'), 'line\n'.repeat(200));
  const page = await openHubPage(browser, on.hub, '/agents/agent', {
    viewport: { width: 390, height: 560 },
  });
  const option = page.locator('.approval-option').last();
  await option.waitFor();
  const isOnTop = await option.evaluate((button) => {
    const { left, top, width, height } = button.getBoundingClientRect();
    return button.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  });
  expect(isOnTop).toBe(true);
}, 60_000);

test('queue, menu and options open as drawers with the keyboard, and Escape closes them', async () => {
  await using on = await startHubFixture();
  const page = await openHubPage(browser, on.hub, '/agents/agent', {
    viewport: { width: 390, height: 844 },
  });
  await on.startCommand('!running');
  await on.dashboard.request('!queued');
  for (const [name, drawer] of [
    ['Queue 1', '#side'],
    ['Menu', '#menu'],
    ['Options', '#composer-options'],
    ['More about agent', '#agent-menu'],
  ] as const) {
    await page.getByRole('button', { name, exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.locator(drawer).waitFor();
    await page.keyboard.press('Escape');
    await page.locator(drawer).waitFor({ state: 'hidden' });
  }
}, 60_000);

test('a menu opens below its button, and the drawer of a phone has a button that closes it', async () => {
  await using on = await startHubFixture();
  const commandId = await on.startCommand('!ls');
  on.agent.sendOutput(commandId, 'a\n');
  on.agent.sendFinished(commandId);
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  for (const [name, menu] of [
    ['More about agent', '#agent-menu'],
    ['Download or open the output', `#output-menu-${commandId}`],
  ] as const) {
    const button = page.getByRole('button', { name, exact: true });
    await button.click();
    const place = await page.locator(menu).boundingBox();
    const above = await button.boundingBox();
    if (!place || !above) throw new Error(`${name} is not shown.`);
    expect(place.x + place.width).toBeCloseTo(above.x + above.width, 0);
    expect(place.y).toBeCloseTo(above.y + above.height, 0);
    await page.keyboard.press('Escape');
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('button', { name: /^Queue/ }).click();
  await page.locator('#side').getByRole('button', { name: 'Close' }).click();
  await page.locator('#side').waitFor({ state: 'hidden' });
  await on.hub.addAgent('other');
  await page.getByRole('button', { name: 'Other agents' }).click();
  await page.locator('#agent-switch').getByRole('link', { name: 'other Offline' }).click();
  await page.getByRole('heading', { name: 'other', exact: true }).waitFor();
}, 60_000);

test('a phone shows everything about an agent in the overview, and what is not normal in its header', async () => {
  await using on = await startHubFixture();
  await connectAgent(on.hub, { agentId: 'an-agent-with-a-very-long-name-that-is-cut-off' });
  expect((await on.hub.callApi('PUT', '/agents/agent/pause', { body: {} })).ok).toBe(true);
  await on.disconnectAgent();
  const page = await openHubPage(browser, on.hub, '/', { viewport: { width: 320, height: 640 } });
  const row = page.locator('#agent-agent');
  expect(await row.getByText('Claude Code').isVisible()).toBe(true);
  expect(await row.getByText('Offline for').isVisible()).toBe(true);

  await page.goto(`${on.hub.url}/agents/agent`);
  const facts = page.locator('#agent-header .agent-facts');
  const box = await facts.boundingBox();
  for (const text of ['Paused', 'Offline for']) {
    const part = await facts.locator('> *', { hasText: text }).last().boundingBox();
    if (!box || !part) throw new Error(`"${text}" is not visible.`);
    expect(part.x + part.width).toBeLessThanOrEqual(box.x + box.width);
    expect(part.y + part.height).toBeLessThanOrEqual(box.y + box.height + 1);
  }
  expect(await facts.getByText('Claude Code').isVisible()).toBe(false);
  expect(await readOverflow(page)).toEqual([0, 0]);
}, 60_000);

test('a dismissed notice stays away, until there is another one', async () => {
  await using on = await startHubFixture({ agent: { notice: 'Codex is not installed.' } });
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  await page.getByText('Codex is not installed.').waitFor();
  await page.getByRole('button', { name: 'Dismiss this notice' }).click();
  await page.getByText('Codex is not installed.').waitFor({ state: 'detached' });
  await page.reload();
  await page.locator('#composer').waitFor();
  expect(await page.locator('.agent-notice').count()).toBe(0);
  await on.disconnectAgent();
  await on.reconnectAgent({ notice: 'Codex is not signed in.' });
  await page.getByText('Codex is not signed in.').waitFor();
}, 60_000);
