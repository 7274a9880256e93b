// The agents endpoints of the JSON API.
import { describe, expect, test } from 'bun:test';
import { AgentPage, RegisteredAgent } from '../../../src/protocol/api.ts';
import { AgentSummary } from '../../../src/protocol/entities.ts';
import { startTestHub } from '../../support/hub/hub.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';
import { expectError, expectJson } from '../helpers.ts';

describe('agents', () => {
  test('are listed by ID, and returned one by one', async () => {
    await using hub = await startTestHub();
    for (const id of ['b', 'c', 'a']) await hub.addAgent(id);
    const page = await expectJson(
      hub.callApi('GET', '/agents', { role: 'viewer' }),
      200,
      AgentPage,
    );
    expect(page.items.map(({ agentId }: { agentId: string }) => agentId)).toEqual(['a', 'b', 'c']);
    const one = await expectJson(
      hub.callApi('GET', '/agents/b', { role: 'viewer' }),
      200,
      AgentSummary,
    );
    expect(one).toEqual(page.items[1]);
    expect(JSON.stringify(page)).not.toContain('tokenHash');
    await expectError(hub.callApi('GET', '/agents/x'), 404, 'agent_unknown');
  });

  test('are added by admins: the token is returned once, and only its hash is stored', async () => {
    await using hub = await startTestHub();
    const body = { agentId: 'new', agentType: 'gemini' };
    for (const role of ['viewer', 'operator'] as const) {
      await expectError(hub.callApi('POST', '/agents', { role, body }), 403, 'forbidden');
    }
    const added = await expectJson(
      hub.callApi('POST', '/agents', { role: 'admin', body }),
      201,
      RegisteredAgent,
    );
    expect(added).toMatchObject(body);
    expect(added.token.length).toBeGreaterThan(40);
    await expectError(hub.callApi('POST', '/agents', { role: 'admin', body }), 409, 'agent_exists');
    const [stored] = await hub.store.agents.list();
    expect(stored).toMatchObject({ ...body, createdBy: 'ada' });
    const [storedToken] = await hub.store.agentTokens.list();
    expect(storedToken).toMatchObject({ agentId: 'new', createdBy: 'ada', expiresAt: null });
    expect(storedToken?.tokenHash).toBe(
      new Bun.CryptoHasher('sha256').update(added.token).digest('hex'),
    );
    expect(JSON.stringify([stored, storedToken])).not.toContain(added.token);
    const again = await (await hub.callApi('GET', '/agents/new', { role: 'admin' })).text();
    expect(again).not.toContain(added.token);
    await connectAgent(hub, { ...body, token: added.token } as never);
  });

  test.each([
    ['an empty ID', { agentId: '', agentType: 'claude' }],
    ['an ID with a slash', { agentId: 'a/b', agentType: 'claude' }],
    ['an ID that starts with a dot', { agentId: '..', agentType: 'claude' }],
    ['an ID with markup', { agentId: '<script>', agentType: 'claude' }],
    ['an ID of 65 letters', { agentId: 'a'.repeat(65), agentType: 'claude' }],
    ['an unknown type', { agentId: 'a', agentType: 'gpt' }],
    ['no body', undefined],
  ])('are not added with %s', async (_name, body) => {
    await using hub = await startTestHub();
    await expectError(
      hub.callApi('POST', '/agents', { role: 'admin', body }),
      400,
      'invalid_message',
    );
    expect(hub.hub.registry.list()).toEqual([]);
  });

  test('are removed by admins', async () => {
    await using hub = await startTestHub();
    await hub.addAgent();
    for (const role of ['viewer', 'operator'] as const) {
      await expectError(hub.callApi('DELETE', '/agents/agent', { role }), 403, 'forbidden');
    }
    expect((await hub.callApi('DELETE', '/agents/agent', { role: 'admin' })).status).toBe(204);
    await expectError(
      hub.callApi('DELETE', '/agents/agent', { role: 'admin' }),
      404,
      'agent_unknown',
    );
    expect(await hub.store.agents.list()).toEqual([]);
    expect(await hub.store.agentTokens.list()).toEqual([]);
  });

  test('are neither added nor removed while the store fails', async () => {
    await using hub = await startTestHub();
    await hub.addAgent('old');
    hub.store.fail((call) => call.startsWith('agents.'));
    const body = { agentId: 'new', agentType: 'claude' };
    await expectError(hub.callApi('POST', '/agents', { role: 'admin', body }), 503, 'unavailable');
    await expectError(hub.callApi('DELETE', '/agents/old', { role: 'admin' }), 503, 'unavailable');
    expect(hub.hub.registry.list().map(({ agentId }) => agentId)).toEqual(['old']);
    hub.store.clearFaults();
    expect((await hub.callApi('POST', '/agents', { role: 'admin', body })).status).toBe(201);
  });
});
