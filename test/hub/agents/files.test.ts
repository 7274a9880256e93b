// Searches for files of an agent's folder, over real connections.
import { describe, expect, test } from 'bun:test';
import { FileMatches } from '../../../src/protocol/api.ts';
import { FILE_LIST_TIMEOUT_MS, MAX_FILE_REQUESTS } from '../../../src/protocol/limits.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';
import { expectError, expectJson } from '../../web/helpers.ts';

const withFiles = { agent: { capabilities: ['prompt', 'files'] } };
const PATH = '/agents/agent/files';

describe('GET /api/v1/agents/:agentId/files', () => {
  test('returns what the agent lists', async () => {
    await using on = await startHubFixture(withFiles);
    const answer = on.hub.callApi('GET', `${PATH}?q=ma%20in`);
    const { requestId, query, limit } = await on.agent.waitFor('files:list');
    expect([query, limit]).toEqual(['ma in', 50]);
    const files = ['src/main.ts'];
    on.agent.send({ type: 'files:listed', requestId: 'other', files: ['x'], isTruncated: false });
    on.agent.send({ type: 'files:listed', requestId, files, isTruncated: true });
    expect(await expectJson(answer, 200, FileMatches)).toEqual({ items: files, isTruncated: true });
  });

  test('ignores the answer of another agent', async () => {
    await using on = await startHubFixture(withFiles);
    const other = await connectAgent(on.hub, { agentId: 'other' });
    const answer = on.hub.callApi('GET', PATH);
    const { requestId } = await on.agent.waitFor('files:list');
    other.send({ type: 'files:listed', requestId, files: ['x'], isTruncated: false });
    await other.ping();
    on.agent.send({ type: 'files:listed', requestId, files: [], isTruncated: false });
    expect(await expectJson(answer, 200, FileMatches)).toEqual({ items: [], isTruncated: false });
  });

  test('fails if the agent does not answer in time, is offline, or cannot list files', async () => {
    await using on = await startHubFixture(withFiles);
    const answer = on.hub.callApi('GET', PATH);
    await on.agent.waitFor('files:list');
    on.hub.clock.advance(FILE_LIST_TIMEOUT_MS);
    await expectError(answer, 503, 'unavailable');
    await on.disconnectAgent();
    await expectError(on.hub.callApi('GET', PATH), 409, 'agent_offline');
    await connectAgent(on.hub, { agentId: 'old' });
    await expectError(on.hub.callApi('GET', '/agents/old/files'), 404, 'not_found');
    await expectError(on.hub.callApi('GET', '/agents/none/files'), 404, 'agent_unknown');
    await expectError(on.hub.callApi('GET', PATH, { role: 'viewer' }), 403, 'forbidden');
    await expectError(
      on.hub.callApi('GET', `${PATH}?q=${'x'.repeat(257)}`),
      400,
      'invalid_message',
    );
  });

  test('asks an agent for a limited number of lists at once', async () => {
    await using on = await startHubFixture(withFiles);
    const user = { userId: 'ada', role: 'operator', agents: null } as const;
    const { files } = on.hub.hub;
    const searches = Array.from({ length: MAX_FILE_REQUESTS }, () =>
      files.search(user, 'agent', ''),
    );
    expect(files.search(user, 'agent', '')).rejects.toThrow('Too many searches');
    on.hub.clock.advance(FILE_LIST_TIMEOUT_MS);
    expect((await Promise.allSettled(searches)).every(({ status }) => status === 'rejected')).toBe(
      true,
    );
  });
});
