import { describe, expect, test } from 'bun:test';
import { evaluateRow } from '../../bench/evaluate.ts';
import type { Row } from '../../bench/scenario.ts';
import { median, percentile, slope } from '../../bench/statistics.ts';
import { formatTable } from '../../bench/table.ts';

const samples = {
  signalbox: [{ speed: 80 }, { speed: 45 }, { speed: 90 }],
  raw: [{ speed: 100 }, { speed: 50 }, { speed: 100 }],
};
const row: Row = {
  what: 'throughput',
  unit: 'MB/s',
  value: { contestant: 'signalbox', figure: 'speed' },
  reference: { contestant: 'raw', figure: 'speed' },
};

describe('a row', () => {
  test('has medians, and the ratio of each round', () => {
    const { value, reference, ratio } = evaluateRow(row, samples);
    expect(value).toEqual({ median: 80, min: 45, max: 90 });
    expect(reference).toEqual({ name: 'raw', value: { median: 100, min: 50, max: 100 } });
    expect(ratio).toEqual({ median: 0.9, min: 0.8, max: 0.9 });
  });

  test.each([
    [{ of: 'ratio', atLeast: 0.9 }, 'ratio ≥ 0.9', true],
    [{ of: 'ratio', atLeast: 0.91 }, 'ratio ≥ 0.91', false],
    [{ of: 'value', atMost: 80 }, '≤ 80 MB/s', true],
    [{ of: 'value', atMost: 79 }, '≤ 79 MB/s', false],
  ] as const)('with the goal %j', (goal, text, isMet) => {
    expect(evaluateRow({ ...row, goal }, samples)).toMatchObject({ goal: text, isMet });
  });

  test('without a goal is neither met nor missed', () => {
    expect(evaluateRow(row, samples)).toMatchObject({ goal: null, isMet: null });
  });

  test('with an unknown figure is an error', () => {
    const value = { contestant: 'signalbox', figure: 'weight' };
    expect(() => evaluateRow({ ...row, value }, samples)).toThrow('weight');
  });
});

test('the table contains all rows, and what was not measured', () => {
  const result = {
    name: 'fan-out',
    description: '',
    samples: {},
    missing: ['ws on Node'],
    hasFailed: false,
  };
  const rows = [evaluateRow({ ...row, goal: { of: 'ratio', atLeast: 0.95 } }, samples)];
  const table = formatTable([
    { ...result, skipped: null, rows },
    { ...result, name: 'slow-disk', skipped: 'there is no C compiler.', missing: [], rows: [] },
  ]);
  expect(table.split('\n').map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
    '| What | Signalbox | Beside | Ratio | Spread | Goal | Met |',
    expect.stringMatching(/^\| -+ \|/),
    '| throughput | 80 MB/s | 100 MB/s (raw) | 0.90 | 0.80–0.90 | ratio ≥ 0.95 | no |',
    'fan-out: ws on Node was not measured, because it is not installed.',
    'slow-disk was not measured: there is no C compiler.',
  ]);
});

describe('statistics', () => {
  test('median', () => {
    expect([median([]), median([3]), median([3, 1]), median([5, 1, 3])]).toEqual([0, 3, 2, 3]);
  });

  test('percentile', () => {
    const values = Array.from({ length: 100 }, (_, index) => index + 1);
    expect([percentile([], 0.5), percentile(values, 0.5), percentile(values, 0.99)]).toEqual([
      0, 50, 99,
    ]);
  });

  test('slope', () => {
    const line = [0, 1, 2, 3].map((x) => ({ x, y: 2 * x + 1 }));
    expect(slope(line)).toBeCloseTo(2);
    expect(slope(line.slice(0, 1))).toBe(0);
  });
});
