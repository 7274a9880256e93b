// An open page recovers when the hub is killed during a command.
import { afterAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { signInToApi, startAgentBinary, startHubBinary } from '../support/binary.ts';
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

  // The output of a command that has ended outlives the hub, with one numbering.
  second.kill('SIGKILL');
  await second.exited;
  const third = await startHubBinary(data, ['--port', new URL(first.url).port]);
  await page.reload();
  expect((await block.locator('.output').innerText()).replaceAll(/\s/g, '')).toBe(text);
  const id = (await block.getAttribute('id'))?.replace('block-', '') ?? '';
  const headers = { ...(await signInToApi(third.url)), accept: 'application/x-ndjson' };
  const response = await fetch(`${third.url}/api/v1/commands/${id}/output`, { headers });
  expect(response.headers.get('signalbox-missing-bytes')).toBe('0');
  const messages = (await response.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(messages.map((message) => message.sequence ?? message.type)).toEqual([
    ...messages.slice(0, -1).keys(),
    'terminal:complete',
  ]);
  expect(
    messages
      .map((message) => message.data ?? '')
      .join('')
      .replaceAll(/\s/g, ''),
  ).toBe(text);
  await page.goto(`${third.url}/commands/${id}#out-${messages.length - 2}.0`);
  await page.locator('.terminal-linked-line').waitFor();
  await browser.close();
  for (const running of [agent, third]) {
    running.kill('SIGTERM');
    expect(await running.exited).toBe(0);
  }
}, 90_000);
