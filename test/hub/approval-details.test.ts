// Long details of approval requests: stored whole, shortened for dashboards and lists.
import { expect, test } from 'bun:test';
import { byteLength } from '../../src/protocol/text.ts';
import { requestApproval, sendApprovalRequest } from '../support/hub/approvals.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { startHubFixture } from '../support/hub/hub-fixture.ts';
import { connectAgent, createHeldCommand } from '../support/hub/scripted-agent.ts';

const LINE = `${'é'.repeat(49)}\n`;
/** About a megabyte. */
const LONG = LINE.repeat(10_000);
const MAX_BYTES = 65_536;

test('dashboards receive the first lines of a long detail, and the API returns all of it', async () => {
  await using fixture = await startHubFixture({ onDisk: true });
  const commandId = await fixture.startCommand();
  const { approvalId } = await requestApproval(fixture, commandId, LONG);
  const [request] = fixture.dashboard.ofType('approval:request');
  const excerpt = LINE.repeat(Math.floor(MAX_BYTES / byteLength(LINE)));
  expect(request).toMatchObject({ detail: excerpt, detailBytes: byteLength(LONG) });

  await using hub = await fixture.hub.restart();
  const held = [createHeldCommand(commandId)];
  await connectAgent(hub, { token: fixture.agent.token, held });
  const later = await connectDashboard(hub);
  const { detail, detailBytes } = await later.waitFor('approval:request');
  expect({ detail, detailBytes }).toEqual({ detail: excerpt, detailBytes: byteLength(LONG) });

  const list = await hub.callApi('GET', '/approvals');
  expect((await list.json()).items).toMatchObject([{ detail: excerpt, outcome: null }]);
  const whole = await hub.callApi('GET', `/approvals/${approvalId}`);
  expect(await whole.json()).toMatchObject({ approvalId, detail: LONG, detailBytes: null });
  expect((await hub.callApi('GET', '/approvals/unknown')).status).toBe(404);
});

test.each([
  ['without line breaks', 'x'.repeat(MAX_BYTES + 1), 'x'.repeat(MAX_BYTES)],
  ['within a character', `x${'😀'.repeat(20_000)}`, `x${'😀'.repeat(16_383)}`],
  ['that fits', 'x'.repeat(MAX_BYTES), 'x'.repeat(MAX_BYTES)],
])('a detail %s is shortened only where needed', async (_name, detail, excerpt) => {
  await using fixture = await startHubFixture();
  await requestApproval(fixture, await fixture.startCommand(), detail);
  const [request] = fixture.dashboard.ofType('approval:request');
  expect(request?.detail).toBe(excerpt);
  expect(request?.detailBytes).toBe(detail === excerpt ? undefined : byteLength(detail));
});

test('the details in a list have at most a megabyte; the others are left out', async () => {
  await using fixture = await startHubFixture();
  const commandId = await fixture.startCommand();
  for (let i = 0; i < 20; i++) await requestApproval(fixture, commandId, LINE.repeat(1_000));
  const later = await connectDashboard(fixture.hub);
  await later.ping();
  const { items } = await (await fixture.hub.callApi('GET', '/approvals')).json();
  for (const requests of [later.ofType('approval:request'), items]) {
    expect(requests).toHaveLength(20);
    const details = requests.map(({ detail }: { detail: string }) => detail);
    expect(byteLength(details.join(''))).toBeLessThanOrEqual(1_048_576);
    expect(details.filter((detail: string) => detail === '')).toHaveLength(4);
    expect(requests.at(-1)).toMatchObject({ detail: '', detailBytes: 99_000 });
  }
});

test('many requests and the end of their command publish the wait of the agent once each', async () => {
  await using fixture = await startHubFixture();
  const { agent, dashboard } = fixture;
  const commandId = await fixture.startCommand();
  const before = dashboard.ofType('agent:updated').length;
  for (let i = 0; i < 50; i++) sendApprovalRequest(fixture, commandId);
  await agent.ping();
  agent.sendFinished(commandId);
  await dashboard.waitForStatus(commandId, 'completed');
  await dashboard.waitUntil(
    () => dashboard.ofType('approval:resolved').length === 50,
    '50 resolutions',
  );
  expect(dashboard.ofType('agent:updated').length - before).toBeLessThanOrEqual(2);
  expect(fixture.hub.hub.approvals.listPending({ commandId })).toEqual([]);
  expect(fixture.hub.hub.approvals.listPending({ agentId: 'agent' })).toEqual([]);
});
