// Runs scenarios with as little of everything as possible: they must run to their end and measure what their rows need.
import { expect, test } from 'bun:test';
import { runScenario } from '../../bench/run.ts';
import type { Scenario } from '../../bench/scenario.ts';
import { scenarios } from '../../bench/scenarios/all.ts';

const TIMEOUT_MS = 120_000;

const run = (name: string, scale: number) => {
  const scenario = scenarios.find((one) => one.name === name);
  if (!scenario) throw new Error(`There is no scenario "${name}".`);
  return runScenario(
    { ...scenario, warmUp: false },
    { rounds: 2, scale, isQuick: true, onProgress() {} },
  );
};

test('a scenario with an error has failed, and is cleaned up', async () => {
  let isStopped = false;
  const scenario: Scenario = {
    name: 'broken',
    description: '',
    prepare({ defer }) {
      defer(() => {
        isStopped = true;
      });
      return Promise.reject(new Error('It does not start.'));
    },
  };
  const options = { rounds: 1, scale: 1, isQuick: true, onProgress() {} };
  const { hasFailed, skipped } = await runScenario(scenario, options);
  expect({ hasFailed, skipped }).toEqual({ hasFailed: true, skipped: 'Error: It does not start.' });
  expect(isStopped).toBe(true);
});

test('each scenario has a name of its own', () => {
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
});

test.each([
  ['dashboards-10', 0.001],
  ['slow-links-half', 0.01],
  ['small-writes', 0.01],
  ['history-1000', 0.1],
  ['transcripts-stored', 0.002],
  ['page-weight', 1],
  ['several-hubs-store', 0.01],
])(
  '%s',
  async (name, scale) => {
    const { rows, skipped } = await run(name, scale);
    expect(skipped).toBeNull();
    expect(rows).not.toBeEmpty();
    for (const { what, value } of rows) {
      expect({ what, median: value.median }).toEqual({ what, median: expect.any(Number) });
      expect(value.median).not.toBeNaN();
    }
  },
  TIMEOUT_MS,
);
