// One command for several agents: taken for all of them or for none, once, and found again together.
import { describe, expect, test } from 'bun:test';
import type { AcceptedComparison } from '../../../src/protocol/api.ts';
import { type HubFixture, startHubFixture } from '../../support/hub/hub-fixture.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';

const body = { agentIds: ['agent', 'second'], command: 'Fix it', session: 'new' };

async function createRace() {
  const on = await startHubFixture();
  const second = await connectAgent(on.hub, { agentId: 'second' });
  return { on, second, [Symbol.asyncDispose]: () => on[Symbol.asyncDispose]() };
}

async function compare({ hub }: HubFixture, asked: object = body): Promise<AcceptedComparison> {
  const answer = await hub.callApi('POST', '/comparisons', { body: asked });
  expect(answer.status).toBe(202);
  return answer.json();
}

async function refusal({ hub }: HubFixture, asked: object, role?: 'viewer') {
  const answer = await hub.callApi('POST', '/comparisons', { body: asked, ...(role && { role }) });
  return (await answer.json()).error.code;
}

const commandsOf = async ({ hub }: HubFixture, query: string) =>
  (await (await hub.callApi('GET', `/commands?${query}`)).json()).items;

describe('a comparison', () => {
  test('gives the same command to each agent', async () => {
    await using race = await createRace();
    const { comparisonId, commands } = await compare(race.on);
    expect(commands.map(({ agentId }) => agentId)).toEqual(body.agentIds);
    const given = [race.on.agent, race.second].map((agent, index) =>
      agent.waitForExecute(commands[index]?.commandId ?? ''),
    );
    for (const message of await Promise.all(given)) {
      expect(message).toMatchObject({ command: 'Fix it', session: 'new' });
    }
    const found = await commandsOf(race.on, `comparisonId=${comparisonId}`);
    expect(found.map(({ agentId }: { agentId: string }) => agentId).toSorted()).toEqual(
      body.agentIds,
    );
  });

  test('is told from other commands', async () => {
    await using race = await createRace();
    await compare(race.on);
    await race.on.dashboard.request('!alone');
    expect(await commandsOf(race.on, 'compared=true')).toHaveLength(2);
    expect(await commandsOf(race.on, '')).toHaveLength(3);
  });

  test('that one of them cannot take is taken by none', async () => {
    await using race = await createRace();
    race.second.close();
    await race.on.dashboard.waitFor('agent:status', ({ status }) => status === 'offline');
    expect(await refusal(race.on, body)).toBe('agent_offline');
    const unknown = { ...body, agentIds: ['agent', 'nobody'] };
    expect(await refusal(race.on, unknown)).toBe('agent_unknown');
    expect(await commandsOf(race.on, '')).toEqual([]);
  });

  test('asked for twice by the same name runs once', async () => {
    await using race = await createRace();
    const comparisonId = crypto.randomUUID();
    const first = await compare(race.on, { ...body, comparisonId });
    expect(await compare(race.on, { ...body, comparisonId })).toMatchObject({
      comparisonId,
      commands: first.commands.map(({ commandId, agentId }) => ({ commandId, agentId })),
    });
    expect(await commandsOf(race.on, '')).toHaveLength(2);
  });

  test('of the same name but with another command, or by somebody else, is refused', async () => {
    await using race = await createRace();
    const comparisonId = crypto.randomUUID();
    await compare(race.on, { ...body, comparisonId });
    const other = { ...body, comparisonId, command: 'Fix it better' };
    expect(await refusal(race.on, other)).toBe('invalid_message');
    const stranger = await race.on.hub.callApi('POST', '/comparisons', {
      body: { ...body, comparisonId },
      userId: 'bob',
    });
    expect((await stranger.json()).error.code).toBe('invalid_message');
    expect(await commandsOf(race.on, '')).toHaveLength(2);
  });

  test('that cannot be stored whole is not stored at all', async () => {
    await using race = await createRace();
    const isSecond = (one: unknown) => (one as { agentId: string }).agentId === 'second';
    race.on.hub.store.fail((call, rows) => call === 'commands.insert' && rows.some(isSecond));
    expect(await refusal(race.on, body)).toBe('unavailable');
    race.on.hub.store.clearFaults();
    expect(await commandsOf(race.on, '')).toEqual([]);
    await race.on.agent.ping();
    expect(race.on.agent.executedCommands()).toEqual([]);
  });

  test('answers the same after the agent of one has gone', async () => {
    await using race = await createRace();
    const comparisonId = crypto.randomUUID();
    const first = await compare(race.on, { ...body, comparisonId });
    race.second.close();
    await race.on.dashboard.waitFor('agent:status', ({ status }) => status === 'offline');
    const again = await compare(race.on, { ...body, comparisonId });
    expect(again.commands[1]?.commandId).toBe(first.commands[1]?.commandId);
  });

  test.each([
    ['no agent', { ...body, agentIds: [] }],
    ['an agent twice', { ...body, agentIds: ['agent', 'agent'] }],
    ['eleven agents', { ...body, agentIds: Array.from({ length: 11 }, (_, i) => `a${i}`) }],
    ['a name that is no UUID', { ...body, comparisonId: '../..' }],
  ])('with %s is refused', async (_, asked) => {
    await using race = await createRace();
    expect(await refusal(race.on, asked)).toBe('invalid_message');
  });

  test('is not for viewers', async () => {
    await using race = await createRace();
    expect(await refusal(race.on, body, 'viewer')).toBe('forbidden');
  });
});
