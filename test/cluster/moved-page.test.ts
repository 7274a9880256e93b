// A page whose hub crashes while it shows the output of a running command.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import type { HubPage } from '../../src/protocol/hubs.ts';
import { wait } from '../chaos/wait.ts';
import { PASSWORD } from '../support/binary.ts';
import { launchBrowser } from '../support/browser/browser.ts';
import { type Cluster, type ClusterHub, startCluster } from '../support/cluster.ts';
import { connectAgentTo } from '../support/cluster-clients.ts';
import { createHeldCommand } from '../support/hub/scripted-agent.ts';

/** Keeps the requests below the limit of an address. */
const POLL_MS = 200;

let cluster: Cluster;
let browser: Browser;
beforeAll(async () => {
  [cluster, browser] = await Promise.all([startCluster({ hubs: 2, agents: 0 }), launchBrowser()]);
}, 120_000);
afterAll(async () => {
  await browser.close();
  await cluster.stop();
});

/** Returns the hub that the page is connected to, once its lease has been renewed since then. */
async function findHubOf(page: Page): Promise<ClusterHub | undefined> {
  await page.waitForLoadState('networkidle');
  const connectedAt = Date.now();
  for (;;) {
    const { items } = await cluster.api<HubPage>('/hubs');
    if (items.some(({ lastContactAt }) => lastContactAt <= connectedAt)) {
      await wait(POLL_MS);
      continue;
    }
    const node = items.find(({ dashboards }) => dashboards > 0)?.node;
    return cluster.hubs.find((hub) => hub.node === node);
  }
}

test('its terminal continues on another hub without being cleared', async () => {
  const page = await browser.newPage();
  await page.goto(`${cluster.url}/login`);
  await page.fill('input[name=username]', 'admin');
  await page.fill('input[name=password]', PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => !url.pathname.startsWith('/login'));
  const [owner] = cluster.hubs;
  if (!owner) throw new Error('There is no hub.');
  let agent = await connectAgentTo(cluster, owner, 'agent');
  const body = JSON.stringify({ agentId: 'agent', command: '!work' });
  const request = { method: 'POST', body };
  const { commandId } = await cluster.api<{ commandId: string }>('/commands', request, owner.url);
  await agent.waitForExecute(commandId);
  agent.sendStarted(commandId);
  agent.sendOutput(commandId, 'line 1\r\n');
  await page.goto(`${cluster.url}/commands/${commandId}`);
  const rows = page.locator('.terminal-screen .xterm-rows');
  await rows.getByText('line 1').waitFor();
  let hub = await findHubOf(page);
  while (!hub) hub = await findHubOf(page);
  if (hub === owner) {
    // The agent belongs to the hub that goes on.
    const other = cluster.hubs.find((one) => one !== owner);
    if (!other) throw new Error('There is one hub.');
    const held = [createHeldCommand(commandId, { nextSequence: 1 })];
    await agent.waitForAck(commandId, 1);
    agent = await connectAgentTo(cluster, other, 'agent', { token: agent.token, held });
    agent.setNextSequence(commandId, 1);
  }
  await rows.getByText('line 1').waitFor();
  await page.evaluate(() => {
    const states: string[] = [];
    Object.assign(window, { states });
    const screen = document.querySelector<HTMLElement>('.terminal-screen');
    if (!screen) throw new Error('There is no terminal.');
    const note = () => states.push(screen.dataset['state'] ?? '');
    new MutationObserver(note).observe(screen, { attributeFilter: ['data-state'] });
  });
  const reconnected = page.waitForEvent('websocket');
  await hub.kill();
  await reconnected;
  agent.sendOutput(commandId, 'line 2\r\n');
  await rows.getByText('line 2').waitFor();
  expect(await rows.innerText()).toMatch(/^line 1\s+line 2\s*$/);
  expect(await page.evaluate(() => Reflect.get(window, 'states'))).not.toContain('empty');
  agent.sendFinished(commandId);
  await page.locator('.terminal-screen[data-state=complete]').waitFor();
  agent.terminate();
}, 120_000);
