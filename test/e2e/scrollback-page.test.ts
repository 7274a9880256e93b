// Output that is longer than the browser's scrollback: what is dropped is marked, and can be loaded again.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage } from '../support/browser/hub-page.ts';
import { type HubFixture, startHubFixture } from '../support/hub/hub-fixture.ts';

const LINES = 200_000;

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

/** Prints the numbers from 1 to `LINES`, one per line: 1.3 MB, more than the hub holds. */
function printLines(on: HubFixture, commandId: string): void {
  for (let first = 1; first <= LINES; first += 1_000) {
    const numbers = Array.from({ length: 1_000 }, (_, index) => first + index);
    on.agent.sendOutput(commandId, `${numbers.join('\n')}\n`);
  }
}

/** Reads the visible lines of the terminal. */
async function readLines(page: Page): Promise<string[]> {
  const rows = await page.locator('.xterm-rows > div').allInnerTexts();
  return rows.map((row) => row.replaceAll('\u00a0', ' ').trim());
}

const readNumbers = async (page: Page) =>
  (await readLines(page)).filter((line) => /^\d+$/.test(line)).map(Number);

/** Clicks on the end of the scrollbar. */
async function scrollTo(page: Page, edge: 'top' | 'bottom'): Promise<void> {
  await page.locator('.xterm-screen').hover();
  const bar = await page.locator('.xterm .scrollbar.vertical').boundingBox();
  if (!bar) throw new Error('The terminal has no scrollbar.');
  const before = await page.locator('.xterm-rows').textContent();
  await page.mouse.click(bar.x + bar.width / 2, bar.y + (edge === 'top' ? 1 : bar.height - 1));
  await page.waitForFunction(
    (text) => document.querySelector('.xterm-rows')?.textContent !== text,
    before,
  );
}

/** Scrolls to the end, and returns the last number that is complete: chunks are cut within lines. */
async function readLastNumber(page: Page): Promise<number> {
  await scrollTo(page, 'bottom');
  const numbers = await readNumbers(page);
  const [first = 0] = numbers;
  return numbers.findLast((number, index) => number === first + index) ?? 0;
}

const parseCount = (text: string) => Number(/[\d,]+/.exec(text)?.[0].replaceAll(',', ''));

/** Waits until the page says that more than `minimum` lines are above. It counts them a moment after it has drawn them. */
const waitForEarlierLines = (page: Page, minimum: number) =>
  page.waitForFunction((lines) => {
    const text = document.querySelector('[data-bar=earlier] span')?.textContent ?? '';
    return Number(text.replaceAll(/\D/g, '')) > lines;
  }, minimum);

test('dropped lines are counted at the top, and are loaded again page by page', async () => {
  await using on = await startHubFixture({ settings: { transcriptRetentionMs: 0 } });
  const commandId = await on.startCommand('!seq 200000');
  const page = await openHubPage(browser, on.hub, `/commands/${commandId}`);
  const [earlier, later] = [page.locator('[data-bar=earlier]'), page.locator('[data-bar=later]')];
  await page.locator('.terminal-status').getByText('Running').waitFor();
  expect(await earlier.isVisible()).toBe(false);
  printLines(on, commandId);
  on.agent.sendFinished(commandId);
  await page.locator('.xterm-rows').getByText('End of output').waitFor();
  await earlier.waitFor();
  await scrollTo(page, 'top');
  const [first = 0] = await readNumbers(page);
  expect(first).toBeGreaterThan(LINES - 60_000);
  await earlier
    .getByText(`${(first - 1).toLocaleString('en-US')} earlier lines are not shown.`)
    .waitFor();

  // The hub holds the last 1 MB. What it has dropped is a gap; the rest is loaded in pages.
  await earlier.getByRole('button', { name: 'Load from the start' }).click();
  await later.getByText('Later lines are not shown.').waitFor();
  await page.locator('.xterm-rows').getByText('of output lost: terminal buffer overflow').waitFor();
  expect(await earlier.isVisible()).toBe(false);
  const [firstHeld = 0] = await readNumbers(page);
  expect(firstHeld).toBeLessThan(LINES - 130_000);
  let last = await readLastNumber(page);
  expect(last - firstHeld).toBeGreaterThan(30_000);
  expect(last - firstHeld).toBeLessThan(50_000);

  for (let pages = 2; await later.isVisible(); pages++) {
    await later.getByRole('button', { name: 'Load the next lines' }).click();
    // A page begins within the last chunk of the page before.
    await page.waitForFunction(
      (number) =>
        Number(document.querySelector('.xterm-rows > :nth-child(2)')?.textContent) > number,
      last - 5_000,
    );
    const [, start = 0] = await readNumbers(page);
    expect(start).toBeLessThan(last);
    await waitForEarlierLines(page, start - firstHeld - 2_500);
    expect(parseCount(await earlier.innerText())).toBeGreaterThan(start - firstHeld - 2_500);
    const next = await readLastNumber(page);
    expect(next).toBeGreaterThan(last);
    last = next;
    expect(pages).toBeLessThan(7);
  }
  expect(last).toBe(LINES);
  expect(await readLines(page)).toContainEqual(expect.stringContaining('End of output'));

  await earlier.getByRole('button', { name: 'Load from the start' }).click();
  await later.getByRole('button', { name: 'Back to the end' }).click();
  await page.locator('.xterm-rows').getByText('End of output').waitFor();
  expect(await later.isVisible()).toBe(false);
  // The end is received without what is before it, and is still longer than the scrollback.
  await earlier.getByText(/^\d+ KB and [\d,]+ lines of earlier output are not shown/).waitFor();
}, 120_000);
