// Two users see the same approval request, and one responds with a keyboard shortcut.
import { afterAll, expect, test } from 'bun:test';
import { addAgent, signInToApi, startHubBinary } from '../support/binary.ts';
import { launchBrowser, signIn } from '../support/browser/browser.ts';
import { openAgent } from '../support/hub/scripted-agent.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
afterAll(folder.remove);

test('an approval request is shown to both users, and the response of one reaches the agent and the other user', async () => {
  const hub = await startHubBinary(folder.path);
  const token = await addAgent(hub.url, 'builder');
  const agent = await openAgent({ wsUrl: hub.url.replace('http', 'ws') });
  agent.sendConnect({ agentId: 'builder', token });
  await agent.waitFor('agent:welcome');
  const browser = await launchBrowser();
  const [first, second] = [
    await (await browser.newContext()).newPage(),
    await (await browser.newContext()).newPage(),
  ];
  await signIn(first, hub.url, '/agents/builder');
  await signIn(second, hub.url, '/approvals');

  const answer = await fetch(`${hub.url}/api/v1/commands`, {
    method: 'POST',
    headers: await signInToApi(hub.url),
    body: JSON.stringify({ agentId: 'builder', command: 'Fix the gate' }),
  });
  const { commandId } = (await answer.json()) as { commandId: string };
  await agent.waitForExecute(commandId);
  agent.sendStarted(commandId);
  agent.send({
    type: 'approval:request',
    approvalId: 'q1',
    commandId,
    title: 'Write gate.ts?',
    detail: '--- gate.ts\n+++ gate.ts\n@@ -1 +1 @@\n-open\n+closed',
    options: [
      { optionId: 'once', name: 'Allow', kind: 'allow_once' },
      { optionId: 'never', name: 'Reject', kind: 'reject_once' },
    ],
  });
  for (const page of [first, second]) {
    await page.getByText('Write gate.ts?').first().waitFor();
    await page.waitForFunction(() => document.title.startsWith('(1)'));
  }
  await first.getByText('Waiting for approval').first().waitFor();

  // Shortcuts are ignored for a moment after a card has moved, so repeat the key until it is accepted.
  while (agent.ofType('approval:resolved').length === 0) {
    await second.keyboard.press('1');
    await second.evaluate(() => new Promise(requestAnimationFrame));
  }
  expect(agent.ofType('approval:resolved')).toMatchObject([
    { outcome: 'selected', optionId: 'once' },
  ]);
  agent.send({ type: 'approval:applied', approvalId: 'q1' });
  for (const page of [first, second]) {
    await page.waitForFunction(() => !document.title.startsWith('('));
  }
  agent.sendFinished(commandId);
  await agent.waitForAcknowledged(commandId);
  await first.goto(`${hub.url}/commands/${commandId}`);
  await first.getByText('Write gate.ts?').first().waitFor();
  expect(await first.locator('body').innerText()).toMatch(/Approved by admin/);

  await browser.close();
  hub.kill('SIGTERM');
  expect(await hub.exited).toBe(0);
}, 60_000);
