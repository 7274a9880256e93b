// The prompts of a user: what was sent, and what is saved.
import { describe, expect, test } from 'bun:test';
import { COMMAND_BYTES, MAX_SAVED_PROMPTS } from '../../../src/protocol/limits.ts';
import { PromptHistory, SavedPrompt } from '../../../src/protocol/prompts.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { startTestHub, type TestHub } from '../../support/hub/hub.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';
import { expectError, expectJson } from '../helpers.ts';

const add = (hub: TestHub, body: object): Promise<SavedPrompt> =>
  expectJson(hub.callApi('POST', '/prompts', { body }), 201, SavedPrompt);
const listNames = async (hub: TestHub, userId = 'ada') => {
  const { items } = await (await hub.callApi('GET', '/prompts', { userId })).json();
  return items.map(({ name }: SavedPrompt) => name);
};

describe('GET /api/v1/prompts/history', () => {
  const read = async (hub: TestHub, userId = 'ada'): Promise<string[]> =>
    (await expectJson(hub.callApi('GET', '/prompts/history', { userId }), 200, PromptHistory))
      .items;

  test('lists what the user sent to all agents, the latest first, without repetitions', async () => {
    await using on = await startHubFixture();
    await connectAgent(on.hub, { agentId: 'other' });
    await on.dashboard.request('first');
    await on.dashboard.request('second', { agentId: 'other' });
    await on.dashboard.request('first', { agentId: 'other' });
    expect(await read(on.hub)).toEqual(['first', 'second']);
    expect(await read(on.hub, 'bob')).toEqual([]);
    await expectError(
      on.hub.callApi('GET', '/prompts/history', { role: 'viewer' }),
      403,
      'forbidden',
    );
  });

  test('is limited to 512 KiB', async () => {
    await using on = await startHubFixture();
    for (let index = 0; index < 10; index += 1) {
      await on.dashboard.request(`${index}`.padEnd(COMMAND_BYTES, 'x'));
    }
    expect(await read(on.hub)).toHaveLength(8);
  });
});

describe('saved prompts', () => {
  test('are added, renamed, changed and deleted by their user alone', async () => {
    await using hub = await startTestHub();
    const body = { name: ' Review ', text: 'Review the last commit.\nBe brief.' };
    const { id, ...added } = await add(hub, body);
    expect(added).toMatchObject({ name: 'Review', text: body.text, createdAt: hub.clock.now() });
    await add(hub, { name: 'Fix', text: 'Fix it' });
    expect(await listNames(hub)).toEqual(['Fix', 'Review']);
    expect(await listNames(hub, 'bob')).toEqual([]);
    const path = `/prompts/${id}`;
    const changed = await expectJson(
      hub.callApi('PATCH', path, { body: { name: 'Check' } }),
      200,
      SavedPrompt,
    );
    expect(changed).toMatchObject({ id, name: 'Check', text: body.text });
    for (const method of ['PATCH', 'DELETE']) {
      const byBob = { userId: 'bob', ...(method === 'PATCH' && { body: { name: 'x' } }) };
      await expectError(hub.callApi(method, path, byBob), 404, 'not_found');
    }
    expect((await hub.callApi('DELETE', path)).status).toBe(204);
    expect(await listNames(hub)).toEqual(['Fix']);
  });

  test('need a name of their own and a text', async () => {
    await using hub = await startTestHub();
    await add(hub, { name: 'Fix', text: 'Fix it' });
    const { id } = await add(hub, { name: 'Other', text: 'x' });
    const rejected = [
      { name: 'Fix', text: 'again' },
      { name: '  ', text: 'x' },
      { name: '', text: 'x' },
      { name: 'x'.repeat(65), text: 'x' },
      { name: 'empty', text: ' \n' },
      { name: 'long', text: 'x'.repeat(COMMAND_BYTES + 1) },
      { name: 'no text' },
    ];
    for (const body of rejected) {
      await expectError(hub.callApi('POST', '/prompts', { body }), 400, 'invalid_message');
    }
    const rename = hub.callApi('PATCH', `/prompts/${id}`, { body: { name: 'Fix' } });
    expect(await expectError(rename, 400, 'invalid_message')).toContain('already have a prompt');
    const viewer = { role: 'viewer' as const, body: { name: 'a', text: 'b' } };
    await expectError(hub.callApi('POST', '/prompts', viewer), 403, 'forbidden');
  });

  test('are limited in number', async () => {
    await using hub = await startTestHub();
    const { prompts } = hub.hub;
    const ada = { userId: 'ada', role: 'operator', agents: null } as const;
    for (let index = 0; index < MAX_SAVED_PROMPTS; index += 1) {
      await prompts.add(ada, { name: `p${index}`, text: 'x' });
    }
    expect(prompts.add(ada, { name: 'one more', text: 'x' })).rejects.toThrow('Delete one first.');
  });

  test('that cannot be stored are rejected', async () => {
    await using hub = await startTestHub();
    hub.store.fail((call) => call === 'prompts.insert');
    const body = { name: 'a', text: 'b' };
    await expectError(hub.callApi('POST', '/prompts', { body }), 503, 'unavailable');
  });
});
