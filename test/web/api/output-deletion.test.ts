// Deleting the output of a command: who may, when, and what is recorded.
import { expect, test } from 'bun:test';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';

const settings = [{}, { transcriptRetentionMs: 0 }, { transcriptQuotaBytes: 0 }];

test.each(settings)(
  'an operator deletes output, and the audit log says who (%j)',
  async (options) => {
    await using fixture = await startHubFixture({ settings: options });
    const { hub, agent, dashboard } = fixture;
    const id = await fixture.startCommand();
    agent.sendOutput(id, 'secret');
    const remove = () => hub.callApi('DELETE', `/commands/${id}/output`, { role: 'operator' });
    const active = await remove();
    expect([active.status, await active.json()]).toMatchObject([
      409,
      { error: { code: 'command_active' } },
    ]);
    agent.sendFinished(id);
    await dashboard.waitForComplete(id);
    expect(await (await hub.callApi('GET', `/commands/${id}/output`)).text()).toBe('secret');
    expect((await remove()).status).toBe(204);
    expect((await remove()).status).toBe(204);
    expect((await hub.callApi('GET', `/commands/${id}/output`)).status).toBe(410);
    expect(await hub.hub.history.findRemoval(id)).toMatchObject({ reason: 'user' });
    const { items } = await hub.store.audit.listPage({ action: 'output.deleted' });
    expect(items).toMatchObject([{ target: id, actorKind: 'user' }]);
    await hub.flush();
    expect((await hub.store.output.findTranscript(id))?.bytes).toBe(0);
  },
);

test('viewers delete nothing, and an unknown command is reported', async () => {
  await using fixture = await startHubFixture();
  const { hub } = fixture;
  await connectAgent(hub, { agentId: 'second' });
  const remove = (role: 'viewer' | 'operator') =>
    hub.callApi('DELETE', '/commands/unknown/output', { role });
  expect((await remove('viewer')).status).toBe(403);
  expect((await remove('operator')).status).toBe(404);
});

test('output is found through the API, with its line', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const id = await fixture.startCommand();
  agent.sendOutput(id, 'first\nthe needle is here\nlast\n');
  agent.sendFinished(id);
  await dashboard.waitForComplete(id);
  await hub.flush();
  const page = await (await hub.callApi('GET', '/commands?q=needle')).json();
  expect(page).toMatchObject({ items: [{ id }], outputLines: { [id]: 'the needle is here' } });
  const none = await (await hub.callApi('GET', '/commands?q=haystack')).json();
  expect(none).toEqual({ items: [], nextCursor: null });
});

test('a download is aborted if output is deleted while it is read', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const id = await fixture.startCommand();
  for (let i = 0; i < 500; i++) {
    agent.sendOutput(id, 'x'.repeat(10_000));
    if (i % 50 === 49) await agent.waitForAck(id, i + 1);
  }
  agent.sendFinished(id);
  await dashboard.waitForComplete(id);
  hub.store.hold((call) => call === 'output.listFrom');
  const download = hub
    .callApi('GET', `/commands/${id}/output`)
    .then((response) => response.text())
    .catch(() => 'aborted');
  await hub.store.waitForFault('output.listFrom');
  await hub.store.output.remove(id, 1, 'user');
  hub.store.release();
  expect(await download).toBe('aborted');
});
