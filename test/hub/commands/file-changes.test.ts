// The files that commands have changed: stored with the result, shown, and reverted by the agent.
import { describe, expect, test } from 'bun:test';
import type { ChangesResponse } from '../../../src/protocol/api.ts';
import { MAX_CHANGED_FILES } from '../../../src/protocol/limits.ts';
import { type HubFixture, startHubFixture } from '../../support/hub/hub-fixture.ts';
import { connectAgent, createHeldCommand } from '../../support/hub/scripted-agent.ts';
import { fileChange } from '../../support/samples.ts';

const accept = ['changes:revert'];
const files = [fileChange(), fileChange({ path: 'logo.png', isRevertible: false })];
const report = { changes: { files: 2, added: 2, removed: 2 } };

async function readChanges({ hub }: HubFixture, commandId: string, userId = 'ada') {
  const response = await hub.callApi('GET', `/commands/${commandId}/changes`, {
    role: 'viewer',
    userId,
  });
  return { status: response.status, body: (await response.json()) as ChangesResponse };
}

/** Runs a command to its end, with changes. */
async function runWithChanges(fixture: HubFixture): Promise<string> {
  const commandId = await fixture.startCommand('!make');
  fixture.agent.send({ type: 'command:changes', commandId, files, omittedFiles: 1 });
  fixture.agent.sendFinished(commandId, { report });
  await fixture.dashboard.waitForStatus(commandId, 'completed');
  return commandId;
}

test('the hub tells agents that it accepts changes', async () => {
  await using fixture = await startHubFixture();
  expect(fixture.agent.ofType('agent:welcome')[0]?.accept).toContain('command:changes');
});

test('changes are shown when the command has ended', async () => {
  await using fixture = await startHubFixture();
  const commandId = await runWithChanges(fixture);
  const { body } = await readChanges(fixture, commandId);
  expect(body).toEqual({
    commandId,
    changes: report.changes,
    changesProblem: null,
    files: files.map((file) => Object.assign({}, file, { isReverted: false })),
    omittedFiles: 1,
  });
});

test('a command without changes has none, and says why', async () => {
  await using fixture = await startHubFixture();
  const commandId = await fixture.startCommand('!make');
  const nothing = { commandId, changes: null, files: [], omittedFiles: 0 };
  expect((await readChanges(fixture, commandId)).body).toEqual({
    ...nothing,
    changesProblem: null,
  });
  const changesProblem = 'no_repository';
  fixture.agent.sendFinished(commandId, { report: { changesProblem } });
  await fixture.dashboard.waitForStatus(commandId, 'completed');
  expect((await readChanges(fixture, commandId)).body).toEqual({ ...nothing, changesProblem });
  expect((await readChanges(fixture, 'unknown')).status).toBe(404);
});

test('the result is published and acknowledged only when the changes are stored', async () => {
  await using fixture = await startHubFixture({ onDisk: true });
  const { hub, agent, dashboard } = fixture;
  const commandId = await fixture.startCommand('!make');
  hub.store.fail((call) => call === 'fileChanges.insert');
  agent.send({ type: 'command:changes', commandId, files, omittedFiles: 0 });
  await hub.store.waitForFault('fileChanges.insert');
  agent.sendFinished(commandId);
  await agent.ping();
  await dashboard.ping();
  expect(dashboard.statusesOf(commandId)).toEqual(['queued', 'running']);
  expect(agent.ofType('command:acknowledged')).toEqual([]);
  hub.store.clearFaults();
  await hub.advance(1_000, agent, dashboard);
  await agent.waitForAcknowledged(commandId);
  expect((await readChanges(fixture, commandId)).body.files).toHaveLength(2);
});

test('changes that are repeated after a crash of the hub are stored once', async () => {
  await using fixture = await startHubFixture({ onDisk: true });
  const commandId = await fixture.startCommand('!make');
  fixture.agent.send({ type: 'command:changes', commandId, files, omittedFiles: 0 });
  await fixture.agent.ping();
  await fixture.hub.flush();
  await using hub = await fixture.hub.crash();
  const held = [createHeldCommand(commandId, { finished: true })];
  const agent = await connectAgent(hub, { token: fixture.agent.token, held });
  agent.send({ type: 'command:changes', commandId, files, omittedFiles: 0 });
  agent.sendFinished(commandId, { report });
  await agent.waitForAcknowledged(commandId);
  const response = await hub.callApi('GET', `/commands/${commandId}/changes`);
  expect(await response.json()).toMatchObject({ changes: report.changes, files: [{}, {}] });
});

test('changes of commands that the agent does not hold are ignored', async () => {
  await using fixture = await startHubFixture();
  const commandId = await runWithChanges(fixture);
  const others = [fileChange({ path: 'other' })];
  for (const id of [commandId, 'unknown']) {
    fixture.agent.send({ type: 'command:changes', commandId: id, files: others, omittedFiles: 0 });
  }
  await fixture.agent.ping();
  await fixture.hub.flush();
  expect((await readChanges(fixture, commandId)).body.files).toHaveLength(2);
});

test('the largest report is accepted', async () => {
  await using fixture = await startHubFixture();
  const commandId = await fixture.startCommand('!make');
  const many = Array.from({ length: MAX_CHANGED_FILES }, (_, index) =>
    fileChange({ path: `${index}`, oldPath: 'o', oldMode: '100644', newMode: '100755' }),
  );
  fixture.agent.send({ type: 'command:changes', commandId, files: many, omittedFiles: 0 });
  fixture.agent.sendFinished(commandId, { report });
  await fixture.dashboard.waitForStatus(commandId, 'completed');
  expect((await readChanges(fixture, commandId)).body.files).toHaveLength(MAX_CHANGED_FILES);
});

describe('a revert', () => {
  const start = () => startHubFixture({ agent: { accept } });

  function revert({ hub }: HubFixture, commandId: string, path = 'src/main.ts', userId = 'ada') {
    return hub.callApi('POST', `/commands/${commandId}/revert`, { body: { path }, userId });
  }

  async function errorOf(response: Response) {
    return ((await response.json()) as { error: { code: string; message: string } }).error;
  }

  async function listAudit({ hub }: HubFixture, action: string) {
    const response = await hub.callApi('GET', `/audit?action=${action}`, {
      role: 'admin',
      userId: 'root',
    });
    return ((await response.json()) as { items: object[] }).items;
  }

  test('is done by the agent, stored and recorded', async () => {
    await using fixture = await start();
    const { agent } = fixture;
    const commandId = await runWithChanges(fixture);
    const response = revert(fixture, commandId);
    const { requestId, ...request } = await agent.waitFor('changes:revert');
    expect(request).toMatchObject({ commandId, path: 'src/main.ts' });
    agent.send({ type: 'changes:reverted', requestId });
    expect(await (await response).json()).toEqual({ commandId, path: 'src/main.ts' });
    const { body } = await readChanges(fixture, commandId);
    expect(body.files.map(({ isReverted }) => isReverted)).toEqual([true, false]);
    const event = { actor: 'ada', target: commandId, detail: { path: 'src/main.ts' } };
    for (const action of ['file.revert_requested', 'file.reverted']) {
      expect(await listAudit(fixture, action)).toMatchObject([event]);
    }
    const second = await errorOf(await revert(fixture, commandId));
    expect(second).toMatchObject({
      code: 'not_revertible',
      message: '"src/main.ts" has already been reverted.',
    });
  });

  test('that the agent refuses changes nothing, and says why', async () => {
    await using fixture = await start();
    const commandId = await runWithChanges(fixture);
    const response = revert(fixture, commandId);
    const { requestId } = await fixture.agent.waitFor('changes:revert');
    fixture.agent.send({ type: 'changes:reverted', requestId, error: 'It has changed since.' });
    expect((await response).status).toBe(409);
    expect(await errorOf(await response)).toEqual({
      code: 'not_revertible',
      message: 'It has changed since.',
    });
    expect((await readChanges(fixture, commandId)).body.files[0]?.isReverted).toBe(false);
    expect(await listAudit(fixture, 'file.revert_requested')).toHaveLength(1);
    expect(await listAudit(fixture, 'file.reverted')).toEqual([]);
  });

  test('ends if the agent does not answer, or goes offline', async () => {
    await using fixture = await start();
    const { hub, agent, dashboard } = fixture;
    const commandId = await runWithChanges(fixture);
    const first = revert(fixture, commandId);
    const { requestId } = await agent.waitFor('changes:revert');
    await hub.advance(10_000, agent, dashboard);
    expect((await errorOf(await first)).message).toContain('did not answer');
    agent.send({ type: 'changes:reverted', requestId });
    const second = revert(fixture, commandId);
    await agent.waitFor('changes:revert', (message) => message.requestId !== requestId);
    await fixture.disconnectAgent();
    expect((await errorOf(await second)).message).toContain('went offline');
    expect((await errorOf(await revert(fixture, commandId))).code).toBe('agent_offline');
  });

  test('is rejected without a file that can be reverted', async () => {
    await using fixture = await start();
    const commandId = await runWithChanges(fixture);
    const codeOf = async (response: Promise<Response>) => (await errorOf(await response)).code;
    expect(await codeOf(revert(fixture, commandId, 'logo.png'))).toBe('not_revertible');
    expect(await codeOf(revert(fixture, commandId, 'other'))).toBe('not_found');
    expect(await codeOf(revert(fixture, 'unknown'))).toBe('command_unknown');
    await fixture.startCommand('!sleep');
    expect((await errorOf(await revert(fixture, commandId))).message).toContain('is running');
    expect(fixture.agent.ofType('changes:revert')).toEqual([]);
    expect(await listAudit(fixture, 'file.revert_requested')).toEqual([]);
  });

  test('is rejected for an agent that cannot revert, and for viewers', async () => {
    await using fixture = await startHubFixture();
    const commandId = await runWithChanges(fixture);
    const error = await errorOf(await revert(fixture, commandId));
    expect(error).toMatchObject({
      code: 'not_revertible',
      message: '"agent" runs a version that cannot revert files. Update it.',
    });
    const response = await fixture.hub.callApi('POST', `/commands/${commandId}/revert`, {
      role: 'viewer',
      userId: 'vera',
      body: { path: 'src/main.ts' },
    });
    expect((await errorOf(response)).code).toBe('forbidden');
  });
});

test('users who may not see the agent see neither changes nor files to revert', async () => {
  await using fixture = await startHubFixture({ agent: { accept } });
  const commandId = await runWithChanges(fixture);
  const session = await fixture.hub.startSession('operator', 'eve', ['other']);
  const { token } = await fixture.hub.tokens.issueSession(session);
  const call = (method: string, path: string, body?: object) =>
    fixture.hub.callApi(method, `/commands/${commandId}${path}`, { token, body });
  expect((await call('GET', '/changes')).status).toBe(404);
  expect((await call('POST', '/revert', { path: 'src/main.ts' })).status).toBe(404);
});
