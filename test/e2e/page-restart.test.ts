// An open page recovers when the hub is killed during a command.
import { afterAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { startAgentBinary, startHubBinary } from '../support/binary.ts';
import { launchBrowser, signIn } from '../support/browser/browser.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
afterAll(folder.remove);

test('output produced across kill -9 of the hub is shown once and in full, without a page reload', async () => {
  const data = join(folder.path, 'data');
  const first = await startHubBinary(data);
  const agent = await startAgentBinary(first.url, 'a1', folder.path);
  const browser = await launchBrowser();
  const page = await browser.newPage();
  await signIn(page, first.url, '/agents/a1');
  await page
    .locator('textarea[name=command]')
    .fill('!for i in $(seq 1 30); do printf "n$i. "; sleep 0.1; done');
  await page.evaluate(() => Object.assign(globalThis, { loadedOnce: true }));
  await page.keyboard.press('Control+Enter');
  const rows = page.locator('.xterm-rows');
  await rows.getByText('n5.').waitFor();

  first.kill('SIGKILL');
  await first.exited;
  await page.getByText('Reconnecting').waitFor();
  const second = await startHubBinary(data, ['--port', new URL(first.url).port]);
  const block = page.locator('#blocks .block').filter({ hasText: 'Completed' });
  await block.waitFor();

  const text = (await block.locator('.output').innerText()).replaceAll(/\s/g, '');
  expect(text.match(/n\d+\./g)?.map(String)).toEqual(
    Array.from({ length: 30 }, (_, i) => `n${i + 1}.`),
  );
  expect(await page.evaluate(() => 'loadedOnce' in globalThis)).toBe(true);
  await browser.close();
  for (const running of [agent, second]) {
    running.kill('SIGTERM');
    expect(await running.exited).toBe(0);
  }
}, 60_000);
