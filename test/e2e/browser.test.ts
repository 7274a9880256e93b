// The main workflow in a real browser, with the compiled hub and agent.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { startAgentBinary, startHubBinary } from '../support/binary.ts';
import { launchBrowser, signIn } from '../support/browser/browser.ts';
import type { RunningProcess } from '../support/processes.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
let hub: Awaited<ReturnType<typeof startHubBinary>>;
let agent: RunningProcess;
let browser: Browser;

beforeAll(async () => {
  hub = await startHubBinary(join(folder.path, 'data'));
  agent = await startAgentBinary(hub.url, 'a1', folder.path);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  for (const running of [agent, hub]) {
    running.kill('SIGTERM');
    await running.exited;
  }
  folder.remove();
});

test('a command streams its output line by line, is shown as failed, and keeps its output after a reload', async () => {
  const page = await browser.newPage();
  Bun.spawnSync(['mkfifo', 'gate'], { cwd: folder.path });
  await signIn(page, hub.url, '/');
  await page.getByRole('link', { name: 'a1' }).first().click();
  await page
    .locator('textarea[name=command]')
    .fill('!for i in 1 2 3; do echo line $i; cat gate >/dev/null; done; exit 3');
  // Record every state of the terminal, to check that the lines do not appear all at once.
  await page.evaluate(() => {
    const views: string[] = [];
    Object.assign(globalThis, { views });
    new MutationObserver(() => {
      const text = document.querySelector('.xterm-rows')?.textContent ?? '';
      const seen = [...text.matchAll(/line (\d)/g)].map(([, digit]) => digit).join('');
      if (seen !== views.at(-1)) views.push(seen);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  await page.keyboard.press('Control+Enter');
  const rows = page.locator('.xterm-rows');
  for (const line of [1, 2, 3]) {
    await rows.getByText(`line ${line}`).waitFor();
    await writeFile(join(folder.path, 'gate'), '\n');
  }
  const views = await page.evaluate(() => (globalThis as unknown as { views: string[] }).views);
  // The terminal is empty for a moment while its size changes.
  const shown = views.filter((view) => view !== '');
  expect(shown.filter((view, index) => view !== shown[index - 1])).toEqual(['1', '12', '123']);

  await page.getByText('Failed').first().waitFor();
  await page.getByRole('link', { name: 'History', exact: true }).click();
  const entry = page.locator('tr, li, article').filter({ hasText: 'for i in 1 2 3' }).first();
  await entry.waitFor();
  expect(await entry.textContent()).toMatch(/Failed.*exit 3/s);

  await page.goto(`${hub.url}/agents/a1`);
  await page.reload();
  const output = page.locator('#blocks .output');
  await output.getByText('line 3').waitFor();
  const again = (await output.textContent()) ?? '';
  expect([...again.matchAll(/line (\d)/g)].map(([, digit]) => digit)).toEqual(['1', '2', '3']);
  await page.close();
}, 60_000);
