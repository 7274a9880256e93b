// Programs on an interactive terminal, driven through the page with the compiled hub and agent: a shell, vim, top and python3.
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { signInToApi, startAgentBinary, startHubBinary } from '../support/binary.ts';
import { launchBrowser, signIn } from '../support/browser/browser.ts';
import type { RunningProcess } from '../support/processes.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
let hub: Awaited<ReturnType<typeof startHubBinary>>;
let agent: RunningProcess;
let browser: Browser;

beforeAll(async () => {
  hub = await startHubBinary(join(folder.path, 'data'));
  agent = await startAgentBinary(hub.url, 'a1', folder.path, ['--pty']);
  browser = await launchBrowser();
}, 120_000);
afterAll(async () => {
  await browser.close();
  for (const running of [agent, hub]) {
    running.kill('SIGTERM');
    await running.exited;
  }
  folder.remove();
});

// A failed test leaves neither its page nor its command to the next one.
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  const headers = await signInToApi(hub.url);
  const list = await fetch(`${hub.url}/api/v1/commands?status=running`, { headers });
  const { items } = (await list.json()) as { items: { id: string }[] };
  for (const { id } of items) {
    await fetch(`${hub.url}/api/v1/commands/${id}/interrupt`, { method: 'POST', headers });
  }
});

async function openPage(): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await signIn(page, hub.url, '/agents/a1');
  return page;
}

async function send(page: Page, command: string): Promise<void> {
  await page.fill('textarea[name=command]', command);
  await page.keyboard.press('Control+Enter');
  // The response empties the field, which may have the focus.
  await page.waitForFunction(
    () => document.querySelector<HTMLTextAreaElement>('textarea[name=command]')?.value === '',
  );
}

/** Waits until the terminal contains a text, this many times. */
const waitForText = (page: Page, text: string, count = 1) =>
  page.waitForFunction(
    (expected) =>
      [...document.querySelectorAll('.xterm-rows > div')]
        .map((row) => row.textContent.replaceAll('\u00a0', ' '))
        .join('\n')
        .split(expected.text).length > expected.count,
    { text, count },
  );

/** Clicks on the terminal, so that it takes keystrokes. */
async function startTyping(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Type in the terminal' }).waitFor();
  await page.locator('.terminal-screen').click();
  await page.locator('.terminal-output[data-typing]').waitFor();
}

/** Waits until the agent runs no command. */
const waitForEnd = (page: Page) =>
  page.locator('#terminal-header[data-output=none]').waitFor({ state: 'attached' });

test('a shell takes keystrokes and a bracketed paste, and has the size of the window', async () => {
  const page = await openPage();
  await send(page, '!PS1="> " bash --norc --noprofile');
  await waitForText(page, '> ');
  await startTyping(page);
  await page.keyboard.type('stty size; tput cols\n');
  // The shell turns brackets on when it shows its prompt.
  await page.waitForFunction(() => {
    const lines = [...document.querySelectorAll('.xterm-rows > div')]
      .map((row) => row.textContent.replaceAll('\u00a0', ' ').trim())
      .filter((line) => line !== '');
    return lines.at(-1) === '>' && /^\d+$/.test(lines.at(-2) ?? '');
  });
  const [rows = 0, columns = 0] = await page.evaluate(() => {
    const text = document.querySelector('.xterm-rows')?.textContent ?? '';
    return /(\d+) (\d+)/.exec(text)?.slice(1).map(Number) ?? [];
  });
  expect([columns > 100, rows > 15]).toEqual([true, true]);

  // Without brackets, the shell would run the first line at once.
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.setData('text/plain', 'echo first-$((1+1))\necho second-$((2+2))');
    const paste = new ClipboardEvent('paste', { clipboardData: data, bubbles: true });
    document.querySelector('.xterm-helper-textarea')?.dispatchEvent(paste);
  });
  await waitForText(page, 'echo second-');
  expect(await page.locator('.xterm-rows').innerText()).not.toContain('first-2');
  await page.keyboard.press('Enter');
  await waitForText(page, 'first-2');
  await waitForText(page, 'second-4');

  await page.setViewportSize({ width: 900, height: 700 });
  await page.keyboard.type('clear; stty size\n');
  await page.waitForFunction((before) => {
    const text = document.querySelector('.xterm-rows')?.textContent ?? '';
    const size = /(\d+) (\d+)/.exec(text);
    return size !== null && Number(size[2]) < before;
  }, columns);
  await page.keyboard.press('Control+d');
  await waitForEnd(page);
  await page.close();
}, 60_000);

test('vim edits a file, with Esc twice left to it', async () => {
  const page = await openPage();
  await send(page, '!vim -u NONE -i NONE note.txt');
  await waitForText(page, '~');
  await startTyping(page);
  await page.keyboard.type('ihello from the page');
  await waitForText(page, 'hello from the page');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.keyboard.type('yyp:w\n');
  await page.waitForFunction(
    () =>
      document.querySelector('.xterm-rows')?.textContent.match(/hello from the page/g)?.length ===
      2,
  );
  await page.keyboard.type(':q\n');
  await waitForEnd(page);
  expect(readFileSync(join(folder.path, 'note.txt'), 'utf8')).toBe(
    'hello from the page\nhello from the page\n',
  );
  await page.close();
}, 60_000);

test('top shows processes until q is pressed', async () => {
  const page = await openPage();
  await send(page, '!top -d 1');
  await waitForText(page, 'load average');
  await startTyping(page);
  await waitForText(page, 'COMMAND');
  await page.keyboard.press('h');
  await waitForText(page, "Type 'q' or <Esc> to continue");
  await page.keyboard.press('q');
  await waitForText(page, 'load average');
  await page.keyboard.press('q');
  await waitForEnd(page);
  await page.close();
}, 60_000);

test('python3 is interactive, and Ctrl+C interrupts what it runs, not the command', async () => {
  const page = await openPage();
  await send(page, '!python3 -q');
  await waitForText(page, '>>>');
  await startTyping(page);
  await page.keyboard.type('print(6 * 7)\n');
  await waitForText(page, '42');
  // The terminal discards what the program has not read when it gets Ctrl+C.
  await page.keyboard.type('print("lo" + "op"); exec("while True: pass")\n');
  await waitForText(page, 'loop');
  await page.keyboard.press('Control+c');
  await waitForText(page, 'KeyboardInterrupt\n>>>');
  await page.keyboard.press('ArrowUp');
  await waitForText(page, 'exec("while', 2);
  await page.keyboard.press('Control+c');
  await waitForText(page, 'KeyboardInterrupt\n>>>', 2);
  await page.keyboard.type('exit(3)\n');
  await waitForEnd(page);
  await page.locator('.block-footer').getByText('exit 3').waitFor();
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('command');
  await page.close();
}, 60_000);
