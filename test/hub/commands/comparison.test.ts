// Comparisons: one command for several agents, accepted by all of them or by none.
import { expect, test } from 'bun:test';
import type { AcceptedComparison } from '../../../src/protocol/api.ts';
import { type HubFixture, startHubFixture } from '../../support/hub/hub-fixture.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';

const body = { agentIds: ['agent', 'second'], command: 'Fix it', session: 'new' };

async function startComparisonFixture() {
  const fixture = await startHubFixture();
  const { hub, dashboard } = fixture;
  const second = await connectAgent(hub, { agentId: 'second' });
  return {
    ...fixture,
    second,
    async disconnectSecond() {
      await dashboard.waitForAgentStatus('online', 'second');
      const { length } = dashboard.agentStatuses('second');
      second.close();
      await dashboard.waitUntil(
        () => dashboard.agentStatuses('second').length > length,
        'the second agent to be offline',
      );
    },
  };
}

async function compare({ hub }: HubFixture, request: object = body): Promise<AcceptedComparison> {
  const response = await hub.callApi('POST', '/comparisons', { body: request });
  expect(response.status).toBe(202);
  return response.json();
}

/** Requests a comparison and returns the code of the error. */
async function compareRejected({ hub }: HubFixture, request: object, role?: 'viewer') {
  const response = await hub.callApi('POST', '/comparisons', {
    body: request,
    ...(role && { role }),
  });
  return (await response.json()).error.code;
}

const listCommands = async ({ hub }: HubFixture, query: string) =>
  (await (await hub.callApi('GET', `/commands?${query}`)).json()).items;

test('every agent receives the same command', async () => {
  await using fixture = await startComparisonFixture();
  const { comparisonId, commands } = await compare(fixture);
  expect(commands.map(({ agentId }) => agentId)).toEqual(body.agentIds);
  const executes = [fixture.agent, fixture.second].map((agent, index) =>
    agent.waitForExecute(commands[index]?.commandId ?? ''),
  );
  for (const message of await Promise.all(executes)) {
    expect(message).toMatchObject({ command: 'Fix it', session: 'new' });
  }
  const found = await listCommands(fixture, `comparisonId=${comparisonId}`);
  expect(found.map(({ agentId }: { agentId: string }) => agentId).toSorted()).toEqual(
    body.agentIds,
  );
});

test('the commands of comparisons can be listed', async () => {
  await using fixture = await startComparisonFixture();
  await compare(fixture);
  await fixture.dashboard.request('!other');
  expect(await listCommands(fixture, 'compared=true')).toHaveLength(2);
  expect(await listCommands(fixture, '')).toHaveLength(3);
});

test('a comparison is rejected if one agent is offline or unknown', async () => {
  await using fixture = await startComparisonFixture();
  await fixture.disconnectSecond();
  expect(await compareRejected(fixture, body)).toBe('agent_offline');
  const unknown = { ...body, agentIds: ['agent', 'unknown'] };
  expect(await compareRejected(fixture, unknown)).toBe('agent_unknown');
  expect(await listCommands(fixture, '')).toEqual([]);
});

test('a comparison is stored completely or not at all', async () => {
  await using fixture = await startComparisonFixture();
  const hasSecond = (rows: unknown) =>
    (rows as { agentId: string }[]).some(({ agentId }) => agentId === 'second');
  fixture.hub.store.fail((call, [rows]) => call === 'commands.insert' && hasSecond(rows));
  expect(await compareRejected(fixture, body)).toBe('unavailable');
  fixture.hub.store.clearFaults();
  expect(await listCommands(fixture, '')).toEqual([]);
  await fixture.agent.ping();
  expect(fixture.agent.executedCommands()).toEqual([]);
});

test('a repeated comparisonId runs the command once', async () => {
  await using fixture = await startComparisonFixture();
  const comparisonId = crypto.randomUUID();
  const first = await compare(fixture, { ...body, comparisonId });
  expect(await compare(fixture, { ...body, comparisonId })).toMatchObject({
    comparisonId,
    commands: first.commands.map(({ commandId, agentId }) => ({ commandId, agentId })),
  });
  expect(await listCommands(fixture, '')).toHaveLength(2);
});

test('a repeated comparisonId returns the same commands although an agent has disconnected', async () => {
  await using fixture = await startComparisonFixture();
  const comparisonId = crypto.randomUUID();
  const first = await compare(fixture, { ...body, comparisonId });
  await fixture.disconnectSecond();
  const again = await compare(fixture, { ...body, comparisonId });
  expect(again.commands[1]?.commandId).toBe(first.commands[1]?.commandId);
});

test('a comparisonId with another command or from another user is rejected', async () => {
  await using fixture = await startComparisonFixture();
  const comparisonId = crypto.randomUUID();
  await compare(fixture, { ...body, comparisonId });
  const other = { ...body, comparisonId, command: 'Fix it better' };
  expect(await compareRejected(fixture, other)).toBe('invalid_message');
  const response = await fixture.hub.callApi('POST', '/comparisons', {
    body: { ...body, comparisonId },
    userId: 'bob',
  });
  expect((await response.json()).error.code).toBe('invalid_message');
  expect(await listCommands(fixture, '')).toHaveLength(2);
});

test.each([
  ['no agents', { ...body, agentIds: [] }],
  ['the same agent twice', { ...body, agentIds: ['agent', 'agent'] }],
  ['eleven agents', { ...body, agentIds: Array.from({ length: 11 }, (_, i) => `a${i}`) }],
  ['an ID that is not a UUID', { ...body, comparisonId: '../..' }],
])('a comparison with %s is rejected', async (_name, request) => {
  await using fixture = await startComparisonFixture();
  expect(await compareRejected(fixture, request)).toBe('invalid_message');
});

test('a viewer cannot start a comparison', async () => {
  await using fixture = await startComparisonFixture();
  expect(await compareRejected(fixture, body, 'viewer')).toBe('forbidden');
});
