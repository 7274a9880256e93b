// The compare page: several agents receive the same prompt, and their terminals are shown side by side.
import { afterAll, expect, test } from 'bun:test';
import { addAgent, startHubBinary } from '../support/binary.ts';
import { launchBrowser, signIn } from '../support/browser/browser.ts';
import { openAgent } from '../support/hub/scripted-agent.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
afterAll(folder.remove);

test('the selection survives updates of the list, each agent runs the prompt once, and each has a terminal and results', async () => {
  const hub = await startHubBinary(folder.path);
  async function connect(agentId: string) {
    const token = await addAgent(hub.url, agentId);
    const agent = await openAgent({ wsUrl: hub.url.replace('http', 'ws') });
    agent.sendConnect({ agentId, token });
    await agent.waitFor('agent:welcome');
    return agent;
  }
  const [left, right] = [await connect('left'), await connect('right')];
  const browser = await launchBrowser();
  const page = await (await browser.newContext()).newPage();
  await signIn(page, hub.url, '/compare');

  await page.getByText('left').click();
  await page.getByText('right').click();
  // Another agent connects, which updates the list while agents are selected.
  await connect('third');
  await page.getByText('third').waitFor();
  expect(await page.getByRole('checkbox', { name: 'left' }).isChecked()).toBe(true);
  await page.fill('textarea', 'Fix the gate');
  await page.keyboard.press('Control+Enter');
  await page.waitForURL(/\/compare\/[0-9a-f-]{36}$/);

  const lanes = [
    { agent: left, name: 'left', cost: 0.5 },
    { agent: right, name: 'right', cost: 0.25 },
  ];
  for (const { agent, name, cost } of lanes) {
    const { commandId, session } = await agent.waitFor('command:execute');
    expect(session).toBe('new');
    agent.sendStarted(commandId);
    agent.sendOutput(commandId, `written by ${name}\n`);
    const lane = page.getByRole('region', { name, exact: true });
    await lane.getByText(`written by ${name}`).waitFor();
    agent.sendFinished(commandId, {
      report: {
        usage: { used: 10, size: 100, cost: { amount: cost, currency: 'USD' } },
        changes: { files: 1, added: 2, removed: 3 },
      },
    });
    await lane.getByText(`${cost.toFixed(4)} USD`).waitFor();
    await lane.getByText('1 file, +2 −3').waitFor();
    await lane.getByText('Completed').waitFor();
  }
  // The cheaper of two completed commands is marked.
  await page
    .getByRole('region', { name: 'right', exact: true })
    .getByText('0.2500 USD cheapest')
    .waitFor();
  expect(left.executedCommands()).toEqual(['Fix the gate']);

  await page.goto(`${hub.url}/compare`);
  await page.getByRole('link', { name: 'Fix the gate' }).click();
  await page.getByText('written by left').waitFor();
  await page.getByText('written by right').waitFor();

  await browser.close();
  hub.kill('SIGTERM');
  expect(await hub.exited).toBe(0);
}, 60_000);

test('an error is shown for a single agent and for an offline agent', async () => {
  const hub = await startHubBinary(`${folder.path}/second`);
  const agents = await Promise.all(
    ['left', 'right'].map(async (agentId) => {
      const token = await addAgent(hub.url, agentId);
      const agent = await openAgent({ wsUrl: hub.url.replace('http', 'ws') });
      agent.sendConnect({ agentId, token });
      await agent.waitFor('agent:welcome');
      return agent;
    }),
  );
  const browser = await launchBrowser();
  const page = await (await browser.newContext()).newPage();
  await signIn(page, hub.url, '/compare');
  await page.fill('textarea', 'Fix the gate');
  await page.getByText('left').click();
  await page.getByRole('button', { name: 'Compare' }).click();
  await page.getByText('Choose at least two agents.').waitFor();
  await page.getByText('right').click();
  agents[1]?.close();
  await page.getByText('Offline').waitFor();
  await page.getByRole('button', { name: 'Compare' }).click();
  await page.getByText('Agent "right" is offline.').waitFor();
  expect(agents[0]?.executedCommands()).toEqual([]);
  expect(await page.inputValue('textarea')).toBe('Fix the gate');
  await browser.close();
  hub.kill('SIGTERM');
  expect(await hub.exited).toBe(0);
}, 60_000);
