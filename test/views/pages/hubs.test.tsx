// The list of hubs: their states, and the menu.
import { expect, test } from 'bun:test';
import { renderToString } from 'preact-render-to-string';
import type { HubSummary } from '../../../src/protocol/hubs.ts';
import { HubList, HubsPage } from '../../../views/pages/hubs.tsx';
import { context } from '../samples.ts';

const hub: HubSummary = {
  node: 'hub-1',
  isSelf: false,
  state: 'alive',
  version: '1.2.3',
  agents: 1,
  dashboards: 12,
  busLagMs: 3,
  storeLagMs: 1_234,
  startedAt: 1,
  lastContactAt: 2,
};

test.each([
  ['alive', 'Alive', 'status-completed'],
  ['draining', 'Shutting down', 'status-running'],
  ['stopped', 'Stopped', 'status-interrupted'],
  ['no_contact', 'No contact', 'status-failed'],
] as const)('a hub that is %s is shown as "%s"', (state, label, className) => {
  const html = renderToString(<HubList hubs={[{ ...hub, state }]} />);
  expect(html).toContain(label);
  expect(html).toContain(className);
  expect(html).toContain('1 agent, 12 dashboards');
  expect(html).toContain('Lag: bus 3 ms, database 1.2 s');
  expect(html).not.toContain('This hub');
});

test('names and versions are escaped', () => {
  const text = '<script>alert(1)</script>';
  const html = renderToString(<HubList hubs={[{ ...hub, node: text, version: text }]} />);
  expect(html).not.toContain('<script>');
});

test('the menu has the page if there can be several hubs', () => {
  const user = { userId: 'root', role: 'admin' } as const;
  const render = (hasHubs: boolean) =>
    renderToString(<HubsPage context={{ ...context, hasHubs }} user={user} hubs={[hub]} />);
  expect(render(true)).toContain('<a href="/hubs" aria-current="page">Hubs</a>');
  expect(render(false)).not.toContain('href="/hubs"');
});
