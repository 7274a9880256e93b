// The session of an agent's page: blocks of ended commands, the running one, and its scroll position.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage } from '../support/browser/hub-page.ts';
import { type HubFixture, startHubFixture } from '../support/hub/hub-fixture.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

async function finish(on: HubFixture, commandId: string): Promise<void> {
  on.hub.clock.advance(1_000);
  on.agent.sendFinished(commandId);
  await on.dashboard.waitForStatus(commandId, 'completed');
}

/** Runs a command from its request to its end. */
async function run(on: HubFixture, command: string, output = `output of ${command}\n`) {
  const commandId = await on.startCommand(command);
  if (output !== '') on.agent.sendOutput(commandId, output);
  await finish(on, commandId);
  return commandId;
}

async function runMany(on: HubFixture, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await run(on, `!command-${index}`);
}

const readPrompts = (page: Page) =>
  page.locator('#blocks .prompt').evaluateAll((all) => all.map((one) => one.textContent));

const names = (...commands: string[]) => commands.map((name) => `Shell command: ${name}`);

/** Waits until the session is at its bottom, or is not. */
const waitForBottom = (page: Page, isAtBottom: boolean) =>
  page.waitForFunction((wanted) => {
    const session = document.querySelector('#session');
    if (!session) return false;
    const rest = session.scrollHeight - session.scrollTop - session.clientHeight;
    return rest < 2 === wanted;
  }, isAtBottom);

test('a running command becomes a block at the end, in the order in which commands ran', async () => {
  await using on = await startHubFixture();
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  await page.getByText('No commands yet').waitFor();
  const first = await on.startCommand('!first');
  const late = await on.dashboard.request('!late', { priority: 'low' });
  const urgent = await on.dashboard.request('!urgent', { priority: 'high' });
  await page.locator('#queued-blocks').getByText('late').waitFor();
  on.agent.sendOutput(first, 'output of first\n');
  await page.locator('#current .xterm-rows').getByText('output of first').waitFor();
  expect(await page.getByText('No commands yet').isVisible()).toBe(false);
  await finish(on, first);
  for (const commandId of [urgent, late]) {
    await on.agent.waitForExecute(commandId);
    on.agent.sendStarted(commandId);
    await on.dashboard.waitForStatus(commandId, 'running');
    await finish(on, commandId);
  }
  await page.locator('#blocks > :nth-child(3)').waitFor();
  await page.locator('#current').waitFor({ state: 'hidden' });
  const expected = names('first', 'urgent', 'late');
  expect(await readPrompts(page)).toEqual(expected);
  expect(await page.locator(`#block-${first} .output`).innerText()).toBe('output of first\n');
  expect(await page.locator(`#block-${late}`).innerText()).toMatch(/No output.*Completed.*exit 0/s);
  await page.reload();
  expect(await readPrompts(page)).toEqual(expected);
}, 60_000);

test('an interrupted command stays where it is, also if a queued one is cancelled', async () => {
  await using on = await startHubFixture();
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  const running = await on.startCommand('!running');
  const queued = await on.dashboard.request('!queued');
  await page.locator('#queue').getByRole('button', { name: 'Cancel: !queued' }).click();
  await page.getByRole('button', { name: 'Undo: cancel !queued' }).waitFor();
  on.hub.clock.advance(10_000);
  await on.dashboard.waitForStatus(queued, 'interrupted');
  await page.locator('#current').getByRole('button', { name: 'Interrupt' }).click();
  await on.agent.waitFor('command:interrupt');
  await page.locator('#current-footer').getByText('Stopping…').waitFor();
  on.agent.sendFinished(running, { outcome: 'interrupted', exitCode: null });
  await page.locator(`#block-footer-${running}`).getByText('Interrupted').waitFor();
  expect(await page.locator(`#block-footer-${queued}`).innerText()).toContain('Cancelled');
}, 60_000);

test('an update that waits for another one does not repeat its blocks', async () => {
  await using on = await startHubFixture();
  await run(on, '!first');
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const held = page.waitForRequest(/\/live\?/);
  await page.route(/\/live\?/, async (route) => {
    await released;
    await route.continue();
  });
  await page.evaluate(() => {
    Object.assign(globalThis, { updates: 0 });
    document.addEventListener('htmx:config:request', (event) => {
      const { ctx } = (event as CustomEvent<{ ctx: { request: { action: string } } }>).detail;
      const updates = Reflect.get(globalThis, 'updates') as number;
      if (ctx.request.action.includes('/live')) Object.assign(globalThis, { updates: updates + 1 });
    });
  });
  const refresh = () =>
    page.evaluate(() => document.body.dispatchEvent(new CustomEvent('signalbox:refresh')));
  await run(on, '!second');
  await refresh();
  await held;
  await run(on, '!third');
  await refresh();
  // Its update waits for the one that is held.
  await page.waitForFunction(() => Reflect.get(globalThis, 'updates') >= 2);
  const updated = page.waitForResponse(/\/live\?.*shown=.*shown=/);
  release();
  await updated;
  await page.waitForLoadState('networkidle');
  expect(await readPrompts(page)).toEqual(names('first', 'second', 'third'));
}, 60_000);

test('earlier blocks are loaded when the user scrolls up, and what is visible stays in place', async () => {
  await using on = await startHubFixture();
  await runMany(on, 45);
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  await waitForBottom(page, true);
  // Nothing is loaded that nobody scrolled to.
  const shown = Array.from({ length: 20 }, (_, index) => `command-${index + 25}`);
  expect(await readPrompts(page)).toEqual(names(...shown));
  const anchor = page.locator('#blocks .block').first();
  const id = await anchor.getAttribute('id');
  // Between two frames, because blocks are loaded before the first one is visible.
  const moved = page.evaluate((anchorId) => {
    const session = document.querySelector('#session');
    const block = document.getElementById(anchorId ?? '');
    if (!session || !block) throw new Error('There is no session.');
    session.scrollTop = 300;
    const { top } = block.getBoundingClientRect();
    return new Promise<number>((resolve) => {
      new MutationObserver(() =>
        requestAnimationFrame(() => resolve(block.getBoundingClientRect().top - top)),
      ).observe(document.querySelector('#blocks') ?? session, { childList: true });
    });
  }, id);
  expect(Math.abs(await moved)).toBeLessThan(2);
  for (let count = 0; count < 45; count = await page.locator('#blocks .block').count()) {
    await page.locator('#session').evaluate((session) => session.scrollTo(0, 0));
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  const expected = Array.from({ length: 45 }, (_, index) => `command-${index}`);
  expect(await readPrompts(page)).toEqual(names(...expected));
  expect(await page.locator('#older').isVisible()).toBe(false);
}, 60_000);

test('earlier blocks that could not be loaded can be loaded again', async () => {
  await using on = await startHubFixture();
  await runMany(on, 45);
  const older = /before=/;
  const fail = (opened: Page) =>
    opened.route(older, (route) => route.fulfill({ status: 503, body: 'no' }));
  const page = await openHubPage(browser, on.hub, '/agents/agent', { prepare: fail });
  const retry = page.locator('#older').getByRole('button', { name: 'Retry' });
  const scrollUp = () => page.locator('#session').evaluate((session) => session.scrollTo(0, 0));
  await waitForBottom(page, true);
  expect(await page.locator('#blocks > *').count()).toBe(20);
  await scrollUp();
  await retry.waitFor();
  await page.unroute(older);
  await retry.click();
  await page.locator('#blocks > :nth-child(40)').waitFor();
  await fail(page);
  await scrollUp();
  await retry.waitFor();
  await page.unroute(older);
  await retry.click();
  await page.locator('#blocks > :nth-child(45)').waitFor();
  expect(await page.locator('#older').isVisible()).toBe(false);
}, 60_000);

test('the session follows new output, lets go when the user scrolls up, and says what was added', async () => {
  await using on = await startHubFixture();
  await runMany(on, 12);
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  const commandId = await on.startCommand('!long');
  for (let line = 0; line < 30; line++) on.agent.sendOutput(commandId, `line ${line}\n`);
  await page.locator('.xterm-rows').getByText('line 29').waitFor();
  await waitForBottom(page, true);
  const follow = page.locator('#follow');
  expect(await follow.isVisible()).toBe(false);

  await page.locator('#session').evaluate((session) => session.scrollBy(0, -400));
  await follow.waitFor();
  const before = await page.locator('#session').evaluate((session) => session.scrollTop);
  for (let line = 30; line < 67; line++) on.agent.sendOutput(commandId, `line ${line}\n`);
  await follow.getByText('37 new lines').waitFor();
  await finish(on, commandId);
  await page.locator(`#block-${commandId}`).waitFor();
  expect(await page.locator('#session').evaluate((session) => session.scrollTop)).toBe(before);

  await follow.click();
  await waitForBottom(page, true);
  expect(await follow.isVisible()).toBe(false);
  await run(on, '!next');
  await page.locator('#blocks').getByText('output of !next').waitFor();
  await waitForBottom(page, true);
}, 60_000);

test('an update right after the user has scrolled up does not return to the end', async () => {
  await using on = await startHubFixture();
  await runMany(on, 12);
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  await waitForBottom(page, true);
  // Before the event of the scroll, which comes with the next frame.
  await page.evaluate(() => {
    document.querySelector('#session')?.scrollBy(0, -400);
    for (const name of ['htmx:before:swap', 'htmx:after:swap'])
      document.dispatchEvent(new CustomEvent(name, { detail: { ctx: {} } }));
  });
  await page.locator('#follow').waitFor();
  await waitForBottom(page, false);
}, 60_000);

test('sending a command returns to the end', async () => {
  await using on = await startHubFixture();
  await runMany(on, 12);
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  await page.locator('#session').evaluate((session) => session.scrollBy(0, -400));
  await page.locator('#follow').waitFor();
  await page.fill('textarea[name=command]', '!make');
  await page.keyboard.press('Enter');
  await on.agent.waitFor('command:execute', ({ command }) => command === '!make');
  await waitForBottom(page, true);
}, 60_000);

test('long output is folded, and opens in place', async () => {
  await using on = await startHubFixture();
  const lines = Array.from(
    { length: 121 },
    (_, index) => `\u001b[3${index % 8}mline\u001b[0m ${index}`,
  );
  const commandId = await run(on, '!many', `${lines.join('\n')}\n`);
  const page = await openHubPage(browser, on.hub, '/agents/agent');
  const output = page.locator(`#block-${commandId} .output`);
  const button = output.getByRole('button', { name: 'Show 96 more lines' });
  await button.waitFor();
  const read = async () => [...(await output.innerText()).matchAll(/line \d+/g)].map(String);
  const expected = Array.from({ length: 121 }, (_, index) => `line ${index}`);
  expect(await read()).toEqual([...expected.slice(0, 5), ...expected.slice(-20)]);
  await button.click();
  await output.getByText('line 50').first().waitFor();
  expect(await read()).toEqual(expected);
  expect(await output.locator('.t-f1').first().innerText()).toBe('line');
}, 60_000);

test('two browsers show the same blocks, and one sees what the other sends', async () => {
  await using on = await startHubFixture();
  const [first, second] = await Promise.all([
    openHubPage(browser, on.hub, '/agents/agent', { userId: 'otto' }),
    openHubPage(browser, on.hub, '/agents/agent', { userId: 'vera', role: 'viewer' }),
  ]);
  await first.fill('textarea[name=command]', '!shared');
  await first.keyboard.press('Enter');
  const { commandId } = await on.agent.waitFor('command:execute');
  on.agent.sendStarted(commandId);
  on.agent.sendOutput(commandId, 'for both\n');
  for (const page of [first, second]) {
    await page.locator('#current .xterm-rows').getByText('for both').waitFor();
  }
  await finish(on, commandId);
  for (const page of [first, second]) {
    await page.locator(`#block-${commandId} .output`).getByText('for both').waitFor();
    expect(await page.locator(`#block-${commandId}`).innerText()).toContain('otto');
  }
  expect(await second.locator('#composer').count()).toBe(0);
  expect(await second.getByRole('button', { name: 'Run again' }).count()).toBe(0);
}, 60_000);
