// Runs scenarios with as little of everything as possible: they must run to their end and measure what their rows need.
import { expect, test } from 'bun:test';
import { runScenario } from '../../bench/run.ts';
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

test('each scenario has a name of its own', () => {
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
});

test.each([
  ['dashboards-10', 0.001],
  ['slow-links-half', 0.01],
  ['small-writes', 0.01],
  ['history-1000', 0.1],
  ['page-weight', 1],
])(
  '%s',
  async (name, scale) => {
    const { rows } = await run(name, scale);
    expect(rows).not.toBeEmpty();
    for (const { what, value } of rows) {
      expect({ what, median: value.median }).toEqual({ what, median: expect.any(Number) });
      expect(value.median).not.toBeNaN();
    }
  },
  TIMEOUT_MS,
);
