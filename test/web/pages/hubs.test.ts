// The page and the API of the hubs, on a hub that is alone.
import { expect, test } from 'bun:test';
import { HubPage } from '../../../src/protocol/hubs.ts';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { startTestHub } from '../../support/hub/hub.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';
import { expectError, expectJson } from '../helpers.ts';
import { requestPage } from './helpers.ts';

const admin = { role: 'admin', userId: 'root' } as const;

test('the API lists the hub itself, with what is connected to it', async () => {
  await using hub = await startTestHub();
  const start = hub.clock.now();
  await connectAgent(hub);
  await hub.addAgent('offline');
  await connectDashboard(hub);
  hub.clock.advance(5_000);
  await hub.flush();
  const page = await expectJson(hub.callApi('GET', '/hubs', admin), 200, HubPage);
  expect(page).toEqual({
    items: [
      {
        node: 'hub-1',
        isSelf: true,
        state: 'alive',
        version: '0.0.0-test',
        agents: 1,
        dashboards: 1,
        busLagMs: null,
        storeLagMs: 0,
        startedAt: start,
        lastContactAt: start + 5_000,
      },
    ],
    nextCursor: null,
  });
  hub.hub.readiness.startDraining();
  const [draining] = (await expectJson(hub.callApi('GET', '/hubs', admin), 200, HubPage)).items;
  expect(draining.state).toBe('draining');
});

test('only admins read it', async () => {
  await using hub = await startTestHub();
  const message = await expectError(hub.callApi('GET', '/hubs'), 403, 'forbidden');
  expect(message).toBe(
    'You cannot see the hubs. Your role is operator; this requires the role admin.',
  );
});

test('the page shows the same, and its list alone to htmx', async () => {
  await using hub = await startTestHub();
  const page = await (await requestPage(hub, '/hubs', admin)).text();
  expect(page).toContain('<b class="mono">hub-1</b>');
  expect(page).toContain('This hub');
  expect(page).toContain('0 agents, 0 dashboards');
  expect(page).toContain('Lag: bus –, database –');
  const headers = { 'hx-request': 'true' };
  const list = await (await requestPage(hub, '/hubs/list', { ...admin, headers })).text();
  expect(list).toStartWith('<section id="hubs"');
  const opened = await requestPage(hub, '/hubs/list', admin);
  expect([opened.status, opened.headers.get('location')]).toEqual([303, '/hubs']);
});

test('it is not in the menu of a hub that cannot have others', async () => {
  await using hub = await startTestHub();
  expect(await (await requestPage(hub, '/', admin)).text()).not.toContain('href="/hubs"');
});
