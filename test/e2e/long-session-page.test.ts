// An agent's page that stays open for many commands and much output: it stays responsive, and its memory does not grow.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage } from '../support/browser/hub-page.ts';
import { type HubFixture, startHubFixture } from '../support/hub/hub-fixture.ts';

/** The longest task of the page. */
const MAX_TASK_MS = 200;
/** How long a change of the terminal may keep the page busy, with many blocks above it. */
const MAX_CHANGE_MS = 5;
const MEGABYTE = 1_048_576;

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

const openPage = (on: HubFixture) => openHubPage(browser, on.hub, '/agents/agent');

/** What Chromium records. Durations are in microseconds, and `tdur` is the time of the processor. */
interface Trace {
  traceEvents: {
    name: string;
    pid: number;
    tid: number;
    tdur?: number;
    args: { data?: { frames?: { processId?: number }[] } };
  }[];
}

/**
 * Returns the longest task that blocks the page during `act`, in milliseconds of the processor. Milliseconds of the clock
 * would include the tasks of other programs.
 */
async function measureLongestTask(page: Page, act: () => Promise<void>): Promise<number> {
  await browser.startTracing(page, { categories: ['disabled-by-default-devtools.timeline', '-*'] });
  await act();
  const { traceEvents } = JSON.parse(String(await browser.stopTracing())) as Trace;
  const start = traceEvents.find(({ name }) => name === 'TracingStartedInBrowser');
  const processId = start?.args.data?.frames?.[0]?.processId;
  // The first thread of the process runs the scripts of the page.
  const tasks = traceEvents.filter(
    ({ name, pid, tid }) => name === 'RunTask' && pid === processId && tid === pid,
  );
  expect(tasks.length).toBeGreaterThan(100);
  return Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / 1_000;
}

/** The memory of the page's objects, in bytes. */
async function readHeap(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}

/**
 * Adds text to the terminal, again and again, and returns how long the page takes to show it, in milliseconds. The shortest
 * time is the one in which no other program has interrupted the page.
 */
const measureChange = (page: Page) =>
  page.evaluate(() => {
    const rows = document.querySelector('#current .xterm-rows');
    const times = Array.from({ length: 21 }, () => {
      const startedAt = performance.now();
      const text = document.createElement('span');
      rows?.append(text);
      text.getBoundingClientRect();
      text.remove();
      rows?.getBoundingClientRect();
      return performance.now() - startedAt;
    });
    return Math.min(...times);
  });

/** Runs commands, and waits for the page after every ten of them. */
async function runMany(on: HubFixture, page: Page, count: number): Promise<void> {
  for (let index = 1; index <= count; index++) {
    // The rate of requests is limited.
    on.hub.clock.advance(1_000);
    const commandId = await on.startCommand(`!command ${index}`);
    const lines = Array.from({ length: 30 }, (_, line) => `\u001b[32m${index}\u001b[0m ${line}`);
    on.agent.sendOutput(commandId, `${lines.join('\n')}\n`);
    on.agent.sendFinished(commandId);
    await on.dashboard.waitForStatus(commandId, 'completed');
    if (index % 10 === 0) await page.locator(`#block-${commandId} .output`).waitFor();
  }
}

test('200 commands', async () => {
  await using on = await startHubFixture();
  const page = await openPage(on);
  await runMany(on, page, 100);
  const heap = await readHeap(page);
  const longest = await measureLongestTask(page, () => runMany(on, page, 100));
  expect(await page.locator('#blocks > li').count()).toBe(200);
  expect(longest).toBeLessThan(MAX_TASK_MS);
  expect((await readHeap(page)) - heap).toBeLessThan(4 * MEGABYTE);
  await on.startCommand('!running');
  await page.locator('#current .xterm-rows').waitFor();
  expect(await measureChange(page)).toBeLessThan(MAX_CHANGE_MS);
}, 120_000);

test('a command with 40 MB of output', async () => {
  await using on = await startHubFixture();
  const page = await openPage(on);
  const commandId = await on.startCommand('!flood');
  await page.locator('#current .xterm-rows').waitFor();
  const text = `${'x'.repeat(99)}\n`.repeat(100);
  const send = async (megabytes: number) => {
    for (let sent = 0; sent < megabytes * MEGABYTE; sent += text.length) {
      on.agent.sendOutput(commandId, text);
      // The agent sends no more than the hub has stored.
      if (sent % MEGABYTE < text.length) await on.hub.flush();
    }
  };
  await send(10);
  const heap = await readHeap(page);
  const longest = await measureLongestTask(page, async () => {
    await send(30);
    on.agent.sendFinished(commandId);
    await page.locator(`#block-${commandId}`).getByText('Open the whole output').waitFor();
  });
  expect(longest).toBeLessThan(MAX_TASK_MS);
  expect((await readHeap(page)) - heap).toBeLessThan(20 * MEGABYTE);
}, 120_000);
