// An agent process is stopped while a real hub hands over a command.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitForFile } from '../support/agent/steps.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { startTestHub, type TestHub } from '../support/hub/hub.ts';
import { pollUntil, type RunningProcess, startProcess } from '../support/processes.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const AGENT = 'tester';

let hub: TestHub;
let folder: TemporaryFolder;
let dashboard: Awaited<ReturnType<typeof connectDashboard>>;
let token: string;
let agents: RunningProcess[];

beforeEach(async () => {
  hub = await startTestHub();
  folder = createTemporaryFolder();
  token = await hub.addAgent(AGENT);
  dashboard = await connectDashboard(hub);
  agents = [];
});
afterEach(async () => {
  for (const agent of agents) agent.kill('SIGKILL');
  await hub[Symbol.asyncDispose]();
  folder.remove();
});

async function startAgent(): Promise<RunningProcess> {
  const options = {
    hub: hub.url,
    agentId: AGENT,
    agentType: 'claude',
    token,
    cwd: folder.path,
    stateDir: join(folder.path, 'state'),
    pty: false,
  };
  const script = join(import.meta.dir, '../support/agent/agent-process.ts');
  const agent = startProcess([process.execPath, script, JSON.stringify(options)]);
  agents.push(agent);
  await agent.waitForOutput(/connected to/);
  return agent;
}

const request = (command: string) => dashboard.request(command, { agentId: AGENT });

/** Resolves when the agent has exited without an error and the hub has noticed. */
async function waitForExit(agent: RunningProcess): Promise<void> {
  expect(await agent.exited).toBe(0);
  const isOffline = () => dashboard.agentStatuses(AGENT).at(-1) === 'offline';
  await dashboard.waitUntil(isOffline, 'the agent is offline');
}

test('the commands after a running one that SIGTERM stops run at the next start', async () => {
  const agent = await startAgent();
  const running = await request(
    `!trap 'echo stopping; ${waitForFile('exit')}; exit' INT; echo ready; while :; do sleep 0.02; done`,
  );
  await dashboard.waitForOutput(running, 'ready');
  const second = await request('!echo second >> order');
  const third = await request('!echo third >> order');
  agent.kill('SIGTERM');
  await dashboard.waitForOutput(running, 'stopping');
  // The hub hands over the second command when the first one has ended.
  writeFileSync(join(folder.path, 'exit'), '');
  await waitForExit(agent);
  expect(dashboard.statusesOf(running).at(-1)).toBe('interrupted');
  expect(dashboard.statusesOf(second)).toEqual(['queued']);

  const next = await startAgent();
  await dashboard.waitForStatus(third, 'completed');
  expect(readFileSync(join(folder.path, 'order'), 'utf8')).toBe('second\nthird\n');
  expect(dashboard.statusesOf(second)).toEqual(['queued', 'running', 'completed']);
  next.kill('SIGTERM');
  await waitForExit(next);
});

test('a command delivered together with SIGTERM is interrupted or runs at the next start', async () => {
  const agent = await startAgent();
  agent.kill('SIGSTOP');
  const first = await request('!test -e restarted || sleep 77; echo first >> order');
  const second = await request('!echo second >> order');
  await pollUntil(() => hub.hub.state.executions.get(first)?.delivery === 'sent');
  agent.kill('SIGTERM');
  agent.kill('SIGCONT');
  await waitForExit(agent);
  // The agent received the command before the signal, or after it.
  const wasStarted = dashboard.statusesOf(first).includes('running');
  expect(dashboard.statusesOf(first)).toEqual(
    wasStarted ? ['queued', 'running', 'interrupted'] : ['queued'],
  );
  expect(dashboard.statusesOf(second)).toEqual(['queued']);

  writeFileSync(join(folder.path, 'restarted'), '');
  const next = await startAgent();
  await dashboard.waitForStatus(second, 'completed');
  const order = readFileSync(join(folder.path, 'order'), 'utf8');
  expect(order).toBe(wasStarted ? 'second\n' : 'first\nsecond\n');
  next.kill('SIGTERM');
  await waitForExit(next);
});
