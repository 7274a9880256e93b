// The queue of an agent's page in a browser: drag, keys, priority, edit, cancel and undo, pause and resume.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage } from '../support/browser/hub-page.ts';
import { type HubFixture, startHubFixture } from '../support/hub/hub-fixture.ts';

const DESKTOP = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

/** Starts a hub whose agent is busy, with a queue, and opens the agent's page. */
async function openQueue(commands: [string, 'high' | 'normal' | 'low'][], options = {}) {
  const on = await startHubFixture();
  const current = await on.startCommand('!current');
  for (const [command, priority] of commands) await on.dashboard.request(command, { priority });
  const page = await openHubPage(browser, on.hub, '/agents/agent', {
    viewport: DESKTOP,
    ...options,
  });
  return { ...on, current, page, [Symbol.asyncDispose]: () => on.hub[Symbol.asyncDispose]() };
}

const gripOf = (page: Page, command: string) =>
  page.locator('[data-queued]', { hasText: command }).locator('[data-grip]');

/** The commands in the order of the page, once it is this one. */
async function waitForOrder(page: Page, commands: string[]): Promise<void> {
  await page.waitForFunction((expected) => {
    const rows = [...document.querySelectorAll('[data-queued] .queue-command code')];
    return JSON.stringify(rows.map((row) => row.textContent)) === JSON.stringify(expected);
  }, commands);
}

const orderOf = ({ hub }: Pick<HubFixture, 'hub'>) =>
  hub.hub.history
    .listActive('agent')
    .slice(1)
    .map(({ command }) => command);

/** Drags the number of a command to the middle of another row, or below it. */
async function drag(page: Page, command: string, onto: string, below = false): Promise<void> {
  const from = await gripOf(page, command).boundingBox();
  const row = await page.locator('[data-queued]', { hasText: onto }).boundingBox();
  if (!from || !row) throw new Error('The rows are not visible.');
  await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(from.x, from.y + 20, { steps: 3 });
  await page.mouse.move(row.x + 20, row.y + (below ? row.height - 2 : 2), { steps: 5 });
  await page.mouse.up();
}

const NORMAL: [string, 'normal'][] = [
  ['!first', 'normal'],
  ['!second', 'normal'],
  ['!third', 'normal'],
];

describe('the order', () => {
  test('is changed by dragging, and the agent runs the commands in it', async () => {
    await using on = await openQueue(NORMAL);
    await waitForOrder(on.page, ['!first', '!second', '!third']);
    await drag(on.page, '!third', '!first');
    await waitForOrder(on.page, ['!third', '!first', '!second']);
    await on.page.getByText('Moved to number 1 of 3.').waitFor({ state: 'attached' });
    expect(orderOf(on)).toEqual(['!third', '!first', '!second']);
    on.agent.sendFinished(on.current);
    await on.agent.waitFor('command:execute', ({ command }) => command === '!third');
  }, 60_000);

  test('is changed with Alt and arrows, and the focus stays on the command', async () => {
    await using on = await openQueue(NORMAL);
    await gripOf(on.page, '!first').focus();
    await on.page.keyboard.press('Alt+ArrowDown');
    await waitForOrder(on.page, ['!second', '!first', '!third']);
    await on.page.keyboard.press('Alt+ArrowDown');
    await waitForOrder(on.page, ['!second', '!third', '!first']);
    await on.page.getByText('Moved to number 3 of 3.').waitFor({ state: 'attached' });
    await on.page.keyboard.press('Alt+ArrowDown');
    await on.page
      .getByText('It is the last command of its priority.')
      .waitFor({ state: 'attached' });
    await on.page.keyboard.press('Alt+ArrowUp');
    await waitForOrder(on.page, ['!second', '!first', '!third']);
    // The page shows the move before the hub has made it.
    await on.page.getByText('Moved to number 2 of 3.').waitFor({ state: 'attached' });
    expect(orderOf(on)).toEqual(['!second', '!first', '!third']);
    const focused = () => document.activeElement?.closest('[data-queued]')?.textContent ?? '';
    expect(await on.page.evaluate(focused)).toContain('!first');
  }, 60_000);

  test('an update that is older than a move does not undo it', async () => {
    await using on = await openQueue(NORMAL);
    const held = Promise.withResolvers<void>();
    const hasOldOrder = Promise.withResolvers<void>();
    await on.page.route(
      '**/agents/agent/live*',
      async (route) => {
        const response = await route.fetch();
        hasOldOrder.resolve();
        await held.promise;
        await route.fulfill({ response });
      },
      { times: 1 },
    );
    await on.page.evaluate(() => document.body.dispatchEvent(new Event('signalbox:refresh')));
    await hasOldOrder.promise;
    await gripOf(on.page, '!first').focus();
    await on.page.keyboard.press('Alt+ArrowDown');
    await on.page.getByText('Moved to number 2 of 3.').waitFor({ state: 'attached' });
    const isUpdated = on.page.evaluate(async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const element = document.querySelector('[data-updates-queue]');
      element?.addEventListener('htmx:after:swap', () => resolve(), { once: true });
      await promise;
    });
    held.resolve();
    await isUpdated;
    await on.page.keyboard.press('Alt+ArrowDown');
    await waitForOrder(on.page, ['!second', '!third', '!first']);
    await on.page.getByText('Moved to number 3 of 3.').waitFor({ state: 'attached' });
    expect(orderOf(on)).toEqual(['!second', '!third', '!first']);
  }, 60_000);

  test('dropping a command among those of another priority changes its priority', async () => {
    await using on = await openQueue([
      ['!high', 'high'],
      ['!normal', 'normal'],
    ]);
    await drag(on.page, '!normal', '!high');
    await waitForOrder(on.page, ['!normal', '!high']);
    await on.page.getByText('Priority changed to high.').waitFor({ state: 'attached' });
    const [, moved] = on.hub.hub.history.listActive('agent');
    expect(moved).toMatchObject({ command: '!normal', priority: 'high' });
  }, 60_000);

  test('a command that is being sent meanwhile is not moved, and the page says why', async () => {
    await using on = await openQueue(NORMAL);
    await on.page.route('**/api/v1/commands/*', async (route) => {
      on.agent.sendFinished(on.current);
      await on.agent.waitFor('command:execute', ({ command }) => command === '!first');
      await route.continue();
    });
    await gripOf(on.page, '!first').focus();
    await on.page.keyboard.press('Alt+ArrowDown');
    await on.page.getByText('already being sent to its agent').waitFor();
    await waitForOrder(on.page, ['!second', '!third']);
  }, 60_000);

  test('is changed with a finger on a phone', async () => {
    await using on = await openQueue(NORMAL, { viewport: PHONE, hasTouch: true, isMobile: true });
    await on.page.locator('.side-button').click();
    const from = await gripOf(on.page, '!third').boundingBox();
    const to = await on.page.locator('[data-queued]', { hasText: '!first' }).boundingBox();
    if (!from || !to) throw new Error('The rows are not visible.');
    const touch = await on.page.context().newCDPSession(on.page);
    const [x, y] = [from.x + from.width / 2, from.y + from.height / 2];
    const send = (
      type: 'touchStart' | 'touchMove' | 'touchEnd',
      points: { x: number; y: number }[],
    ) => touch.send('Input.dispatchTouchEvent', { type, touchPoints: points });
    await send('touchStart', [{ x, y }]);
    await send('touchMove', [{ x, y: y - 20 }]);
    await send('touchMove', [{ x, y: to.y + 2 }]);
    await send('touchEnd', []);
    await waitForOrder(on.page, ['!third', '!first', '!second']);
    await on.page.getByText('Moved to number 1 of 3.').waitFor({ state: 'attached' });
    expect(orderOf(on)).toEqual(['!third', '!first', '!second']);
  }, 60_000);
});

test('the priority and the text are changed', async () => {
  await using on = await openQueue(NORMAL);
  await on.page.getByLabel('Priority of !third').selectOption('high');
  await waitForOrder(on.page, ['!third', '!first', '!second']);
  await on.page.getByRole('button', { name: 'Edit: !first' }).click();
  await on.page.locator('#dialog textarea').fill('!edited');
  await on.page.keyboard.press('Control+Enter');
  await waitForOrder(on.page, ['!third', '!edited', '!second']);
  await on.page.locator('#dialog').waitFor({ state: 'hidden' });
  await on.page.getByText('edited by otto').waitFor();
}, 60_000);

test('a command is cancelled, and that is undone', async () => {
  await using on = await openQueue(NORMAL);
  await on.page.getByRole('button', { name: 'Cancel: !first' }).click();
  const undo = on.page.getByRole('button', { name: 'Undo: cancel !first' });
  await undo.waitFor();
  await waitForOrder(on.page, ['!second', '!third']);
  await undo.click();
  await waitForOrder(on.page, ['!first', '!second', '!third']);
  await on.page.getByRole('button', { name: 'Cancel: !first' }).click();
  await undo.waitFor();
  on.hub.clock.advance(10_000);
  await undo.waitFor({ state: 'detached' });
  expect(orderOf(on)).toEqual(['!second', '!third']);
}, 60_000);

test('an agent is paused with a note and resumed, and other pages show it', async () => {
  await using on = await openQueue(NORMAL.slice(0, 1));
  const overview = await openHubPage(browser, on.hub, '/', { userId: 'vera', role: 'viewer' });
  await on.page.getByRole('button', { name: 'Pause…' }).click();
  await on.page.getByLabel('Note').fill('deploying');
  await on.page.getByRole('button', { name: 'Pause agent' }).click();
  await on.page
    .locator('#queue')
    .getByText(/Paused by otto .*: deploying/)
    .waitFor();
  await on.page.locator('#dialog').waitFor({ state: 'hidden' });
  await overview.getByText(/Paused by otto .*: deploying/).waitFor();
  on.agent.sendFinished(on.current);
  await on.page.getByText('for the agent to be resumed').waitFor();
  expect(on.agent.executedCommands()).toEqual(['!current']);
  await on.page.getByRole('button', { name: 'Resume' }).click();
  await on.agent.waitFor('command:execute', ({ command }) => command === '!first');
  await overview.getByText('Paused by otto').waitFor({ state: 'detached' });
}, 60_000);
