// `signalbox hubs`: a hub that is alone is the only one in the list.
import { expect, test } from 'bun:test';
import { hostname } from 'node:os';
import packageJson from '../../package.json' with { type: 'json' };
import { defaultNode } from '../../src/cli/cluster-options.ts';
import { parseLines } from '../support/cli.ts';
import { startCliFixture } from '../support/cli-fixture.ts';

test('lists the hub with its agents and dashboards, as a table and as JSON', async () => {
  const fixture = await startCliFixture(['a1', 'a2']);
  const node = defaultNode(hostname());
  const { stdout } = await fixture.cli.run('hubs');
  const [header, row, ...rest] = stdout.trim().split('\n');
  expect(header?.split(/ {2,}/)).toEqual([
    'HUB',
    'STATE',
    'VERSION',
    'AGENTS',
    'DASHBOARDS',
    'BUS',
    'DATABASE',
    'STARTED',
    'LAST CONTACT',
  ]);
  // The observer of the fixture is a dashboard.
  expect(row?.split(/ {2,}/).slice(0, 6)).toEqual([
    `${node} *`,
    'alive',
    packageJson.version,
    '2',
    '1',
    '-',
  ]);
  expect(rest).toEqual([]);
  const lines = parseLines((await fixture.cli.run('hubs', '--json')).stdout);
  expect(lines).toMatchObject([{ node, isSelf: true, state: 'alive', agents: 2, busLagMs: null }]);
  await fixture.stop();
});
