import { expect, test } from 'bun:test';
import { formatChanges, formatCost, formatUsage } from '../../src/protocol/report-format.ts';

test('costs, usage and changes are formatted', () => {
  expect(formatCost({ amount: 0.01234, currency: 'USD' })).toBe('0.0123 USD');
  expect(formatCost({ amount: 12.4, currency: 'credits' })).toBe('12.40 credits');
  expect(formatUsage({ used: 12_345, size: 200_000 })).toBe('12,345 of 200K tokens');
  expect(formatChanges({ files: 3, added: 1_200, removed: 4 })).toBe('3 files, +1,200 −4');
  expect(formatChanges({ files: 1, added: 0, removed: 1 })).toBe('1 file, +0 −1');
  expect(formatChanges({ files: 0, added: 0, removed: 0 })).toBe('no files changed');
});
