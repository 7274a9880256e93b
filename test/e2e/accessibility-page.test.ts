// What axe checks, in both themes: names, roles, contrast and structure of the agent page in its states, and of others.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import type { TurnPart } from '../../src/protocol/turn.ts';
import { launchBrowser } from '../support/browser/browser.ts';
import { openHubPage } from '../support/browser/hub-page.ts';
import { requestApproval } from '../support/hub/approvals.ts';
import { type HubFixture, startHubFixture } from '../support/hub/hub-fixture.ts';
import { fileChange } from '../support/samples.ts';

const COLORS = Array.from(
  { length: 16 },
  (_, index) =>
    `\u001b[38;5;${index}mcolor ${index}\u001b[0m \u001b[48;5;${index}mbackground\u001b[0m \u001b[30;48;5;${index}mblack\u001b[0m`,
);

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

/** The dark theme is checked for everything, the light one only for what depends on colors. */
async function findViolations(page: Page, isLight: boolean): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    (rules) =>
      (globalThis as unknown as { axe: typeof axe }).axe.run(document, {
        resultTypes: ['violations'],
        ...(rules && { runOnly: rules }),
      }),
    isLight ? ['color-contrast'] : null,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary ?? ''}`),
  );
}

const ANSWER = `## Result

The test **passes**, see [the log](https://example.com/log) and \`main.ts\`.

| File | Lines |
| ---- | ----- |
| a    | 1     |

> A quote.

- [ ] open
- done

\`\`\`ts
const answer: number = 42; // a comment
export function check(text: string) {
  return /\\d+/.test(text) ? 'yes' : null;
}
\`\`\`
`;

const DIFF = {
  path: 'main.ts',
  isNew: false,
  added: 1,
  removed: 1,
  text: '@@ -1 +1 @@\n-old\n+new',
};

const PARTS: TurnPart[] = [
  { type: 'thought', text: 'I should look.', durationMs: 1_200 },
  {
    type: 'plan',
    entries: [
      { text: 'Look', status: 'completed' },
      { text: 'Change', status: 'running' },
      { text: 'Test', status: 'pending' },
    ],
  },
  { type: 'tool', title: 'Edit main.ts', kind: 'edit', status: 'completed', diffs: [DIFF] },
  { type: 'tool', title: 'make test', kind: 'execute', status: 'failed', output: 'FAILED\n' },
  { type: 'message', text: ANSWER },
];

/** Runs a prompt with a turn and changed files. */
async function runPrompt(on: HubFixture): Promise<string> {
  const commandId = await on.startCommand('Fix it');
  on.agent.sendOutput(commandId, 'Fixed.\n');
  for (const [part, content] of PARTS.entries()) {
    on.agent.send({ type: 'turn:update', commandId, sequence: part, part, content });
  }
  const files = [fileChange(), fileChange({ path: 'a/new.ts', kind: 'added', removed: 0 })];
  on.agent.send({ type: 'command:changes', commandId, files, omittedFiles: 1 });
  on.agent.sendFinished(commandId, {
    turnUpdates: PARTS.length,
    report: { changes: { files: 3, added: 2, removed: 1 } },
  });
  await on.dashboard.waitForStatus(commandId, 'completed');
  return commandId;
}

/** Ended commands with colors and errors, a prompt, a running command with a request, and a queued one. Returns the prompt. */
async function fillSession(on: HubFixture): Promise<string> {
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
  const prompt = await runPrompt(on);
  const running = await on.startCommand('!running');
  on.agent.sendOutput(running, 'output\n');
  await on.dashboard.request('!queued');
  await requestApproval(on, running);
  return prompt;
}

test.each(['dark', 'light'] as const)(
  'axe finds nothing in the %s theme',
  async (colorScheme) => {
    await using on = await startHubFixture({ agent: { notice: 'Codex is not installed.' } });
    const open = (path: string, viewport = { width: 1440, height: 900 }) =>
      openHubPage(browser, on.hub, path, { role: 'admin', userId: 'ada', colorScheme, viewport });
    const violations: string[] = [];
    const check = async (state: string, page: Page) => {
      violations.push(
        ...(await findViolations(page, colorScheme === 'light')).map((one) => `${state}: ${one}`),
      );
    };
    const page = await open('/agents/agent');
    await check('empty', page);
    const prompt = await fillSession(on);
    await page.locator('.approval').waitFor();
    await page.locator('#current .xterm-rows').getByText('output').waitFor();
    await check('running', page);
    const phone = await open('/agents/agent', { width: 390, height: 844 });
    await phone.locator('.approval').waitFor();
    await check('phone', phone);
    await phone.getByRole('button', { name: /^Queue/ }).click();
    await check('queue', phone);
    await page.getByRole('button', { name: 'Saved prompts' }).click();
    await page.getByRole('dialog').waitFor();
    await check('prompts', page);
    const command = await open(`/commands/${prompt}`);
    await command.getByRole('heading', { name: 'Result' }).waitFor();
    await check('command', command);
    const changes = `/commands/${prompt}/changes`;
    const pages = ['/', '/approvals', '/history', changes, `${changes}?view=split`];
    for (const path of colorScheme === 'light' ? [changes] : pages) {
      await check(path, await open(path));
    }
    expect(violations).toEqual([]);
  },
  180_000,
);
