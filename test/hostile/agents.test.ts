// A hostile agent at the compiled hub: it claims commands and approval requests of another agent, and sends numbers that
// cannot be counted.
import { afterEach, describe, expect, test } from 'bun:test';
import { addAgent } from '../support/binary.ts';
import { requestApproval, sendApprovalRequest } from '../support/hub/approvals.ts';
import { openDashboard } from '../support/hub/dashboard.ts';
import {
  type AgentConnectFields,
  createHeldCommand,
  openAgent,
} from '../support/hub/scripted-agent.ts';
import { useSharedHub } from '../support/shared-hub.ts';

const hub = useSharedHub();

/** The agents of a test. A hub accepts few at once. */
const agents: Agent[] = [];
afterEach(async () => {
  for (const agent of agents.splice(0)) {
    agent.close();
    await agent.closed;
  }
});

async function connectAgent(agentId: string, fields: AgentConnectFields = {}) {
  const token = await addAgent(hub.url, agentId, 'claude', hub.admin);
  const agent = await openAgent(hub);
  agent.sendConnect({ agentId, token, ...fields });
  await agent.waitFor('agent:welcome');
  agents.push(agent);
  return { ...agent, token };
}

type Agent = Awaited<ReturnType<typeof openAgent>>;

async function connectDashboard() {
  const dashboard = await openDashboard(hub);
  await dashboard.connect({ issueToken: () => Promise.resolve(hub.adminToken) });
  return dashboard;
}

/** Connects an agent and a dashboard, and starts a command. */
async function startCommand(agentId: string) {
  const dashboard = await connectDashboard();
  const agent = await connectAgent(agentId);
  const commandId = await dashboard.request('!sleep', { agentId });
  await agent.waitForExecute(commandId);
  agent.sendStarted(commandId);
  await dashboard.waitForStatus(commandId, 'running');
  return { agent, dashboard, commandId };
}

const callApi = async (path: string) =>
  (await (await fetch(`${hub.url}/api/v1${path}`, { headers: hub.admin })).json()) as Record<
    string,
    unknown
  >;

describe("forgery: another agent's command", () => {
  test('its output, gaps, report and result cannot be set', async () => {
    const { agent, dashboard, commandId } = await startCommand('victim');
    agent.sendOutput(commandId, 'real');
    await agent.waitForAck(commandId, 1);
    const other = await connectAgent('forger', { held: [createHeldCommand(commandId)] });
    expect(await other.waitFor('agent:welcome')).toMatchObject({ resume: [], stop: [commandId] });
    other.setNextSequence(commandId, 1);
    other.sendOutput(commandId, 'forged');
    other.send({ type: 'terminal:gap', commandId, nextSequence: 90, bytes: 1 });
    const report = {
      conversationId: 'forged',
      usage: { used: 1, size: 1, cost: { amount: 9, currency: 'USD' } },
      changes: { files: 9, added: 9, removed: 9 },
    };
    other.send({ type: 'command:report', commandId, ...report });
    other.sendFinished(commandId, { outcome: 'failed', exitCode: 1, report });
    await other.ping();
    agent.sendOutput(commandId, ' end');
    agent.sendFinished(commandId);
    await dashboard.waitForComplete(commandId);
    await dashboard.waitForStatus(commandId, 'completed');
    expect(dashboard.outputOf(commandId)).toBe('real end');
    expect(dashboard.ofType('terminal:gap')).toEqual([]);
    expect(await callApi(`/commands/${commandId}`)).toMatchObject({
      status: 'completed',
      exitCode: 0,
      conversationId: null,
      usage: null,
      changes: null,
      changesProblem: null,
    });
  });
});

describe('forgery: approval requests', () => {
  const readApproval = (approvalId: string) => callApi(`/approvals/${approvalId}`);

  /** Waits until the hub has stored that a response was applied. */
  async function waitForApplied({ dashboard }: { dashboard: Dashboard }, approvalId: string) {
    await dashboard.waitFor('approval:applied', (message) => message.approvalId === approvalId);
  }
  type Dashboard = Awaited<ReturnType<typeof connectDashboard>>;

  test('a repeated ID changes nothing, and the hub stays healthy', async () => {
    const first = await startCommand('repeats');
    const second = await startCommand('copies');
    const request = await requestApproval(first, first.commandId);
    const copy = { ...request, title: 'Harmless', detail: 'Harmless' };
    first.agent.send(copy);
    second.agent.send({ ...copy, commandId: second.commandId });
    const stored = await requestApproval(second, second.commandId);
    expect(stored.approvalId).not.toBe(request.approvalId);

    expect(await readApproval(request.approvalId)).toMatchObject({
      agentId: 'repeats',
      commandId: first.commandId,
      title: request.title,
      outcome: null,
    });
    const health = await fetch(`${hub.url}/healthz`);
    expect([health.status, await health.json()]).toEqual([
      200,
      expect.objectContaining({ status: 'ok' }),
    ]);
    for (const { agent } of [first, second]) expect(agent.ofType('hub:storage')).toEqual([]);
  });

  test('only the agent that asked can confirm a response', async () => {
    const first = await startCommand('asks');
    const second = await startCommand('confirms');
    const request = await requestApproval(first, first.commandId);
    const own = await requestApproval(second, second.commandId);
    for (const { approvalId } of [request, own]) {
      first.dashboard.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
    }
    await first.agent.waitFor('approval:resolved');
    await second.agent.waitFor('approval:resolved');
    for (const { approvalId } of [request, own]) {
      second.agent.send({ type: 'approval:applied', approvalId });
    }
    await waitForApplied(first, own.approvalId);
    expect(await readApproval(request.approvalId)).toMatchObject({ appliedAt: null });
    first.agent.send({ type: 'approval:applied', approvalId: request.approvalId });
    await waitForApplied(first, request.approvalId);
  });

  test('a request for the command of another agent is ignored', async () => {
    const { dashboard, commandId } = await startCommand('owner');
    const other = await connectAgent('stranger');
    const { approvalId } = sendApprovalRequest({ agent: other }, commandId);
    await other.ping();
    await dashboard.ping();
    const ids = dashboard.ofType('approval:request').map((request) => request.approvalId);
    expect(ids).not.toContain(approvalId);
    expect(
      (await fetch(`${hub.url}/api/v1/approvals/${approvalId}`, { headers: hub.admin })).status,
    ).toBe(404);
  });
});

describe('numbers that cannot be counted', () => {
  const NUMBERS = [
    '1.7e308',
    '1e999',
    '-1.5',
    '0.5',
    '9007199254740993',
    '-9007199254740993',
    '"1"',
    'null',
  ];

  /** Messages whose only wrong part is `N`. */
  const ofAgent = (commandId: string) => [
    `{"type":"terminal:gap","commandId":"${commandId}","nextSequence":1,"bytes":N}`,
    `{"type":"terminal:gap","commandId":"${commandId}","nextSequence":N,"bytes":1}`,
    `{"type":"terminal:output","commandId":"${commandId}","data":"x","stream":"stdout","sequence":N}`,
    `{"type":"command:report","commandId":"${commandId}","usage":{"used":N,"size":1}}`,
    `{"type":"command:report","commandId":"${commandId}","changes":{"files":1,"added":N,"removed":1}}`,
    `{"type":"command:finished","commandId":"${commandId}","outcome":"completed","exitCode":0,"lastSequence":N}`,
    `{"type":"agent:heartbeat","timestamp":N}`,
  ];
  const ofDashboard = (commandId: string) => [
    `{"type":"terminal:attach","commandId":"${commandId}","afterSequence":N}`,
    `{"type":"terminal:resize","commandId":"${commandId}","cols":N,"rows":24}`,
    `{"type":"command:request","agentId":"x","command":"!ls","priority":"high","timeoutMs":N}`,
  ];

  /** Sends each message with each number, and expects an error for each. */
  async function expectRejected(
    peer: Agent | Awaited<ReturnType<typeof connectDashboard>>,
    bodies: string[],
  ) {
    for (const body of bodies) {
      const frames = NUMBERS.map((number) =>
        body.replace('N', number).replace('{', '{"version":"1.0.0",'),
      );
      const countErrors = () => peer.received.filter(({ type }) => type === 'error').length;
      const before = countErrors();
      for (const frame of frames) peer.sendFrame(frame);
      await peer.ping();
      expect([body, countErrors() - before]).toEqual([body, NUMBERS.length]);
    }
  }

  test('are rejected in every message of an agent', async () => {
    const { agent, dashboard, commandId } = await startCommand('counts');
    // More invalid messages at once would close the connection.
    const bodies = ofAgent(commandId);
    await expectRejected(agent, bodies.slice(0, 4));
    agent.sendOutput(commandId, 'x');
    agent.sendFinished(commandId);
    await dashboard.waitForStatus(commandId, 'completed');
    expect(await callApi(`/commands/${commandId}`)).toMatchObject({ usage: null, changes: null });

    const other = await startCommand('counts-more');
    await expectRejected(other.agent, ofAgent(other.commandId).slice(4));
    other.agent.sendFinished(other.commandId);
    await other.dashboard.waitForStatus(other.commandId, 'completed');
  });

  test('are rejected in every message of a dashboard', async () => {
    const { dashboard, commandId } = await startCommand('viewed');
    await expectRejected(dashboard, ofDashboard(commandId));
  });
});

test('memory and replay: 50,000 gaps that adjoin each other are merged', async () => {
  const GAPS = 50_000;
  const { agent, commandId } = await startCommand('gaps');
  for (let sequence = 1; sequence <= GAPS; sequence++) {
    agent.send({ type: 'terminal:gap', commandId, nextSequence: sequence, bytes: 1 });
  }
  agent.setNextSequence(commandId, GAPS);
  agent.sendOutput(commandId, 'end');
  await agent.waitForAck(commandId, GAPS + 1);
  const viewer = await connectDashboard();
  await viewer.waitForOutput(commandId, 'end');
  const gaps = viewer.ofType('terminal:gap');
  expect(gaps.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(GAPS);
  expect(gaps.length).toBeLessThan(GAPS / 20);
}, 60_000);
