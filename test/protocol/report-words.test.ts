import { expect, test } from 'bun:test';
import { changesInWords, costInWords, usageInWords } from '../../src/protocol/report-words.ts';

test('costs, contexts and changes are told in words', () => {
  expect(costInWords({ amount: 0.01234, currency: 'USD' })).toBe('0.0123 USD');
  expect(costInWords({ amount: 12.4, currency: 'credits' })).toBe('12.40 credits');
  expect(usageInWords({ used: 12_345, size: 200_000 })).toBe('12,345 of 200K tokens');
  expect(changesInWords({ files: 3, added: 1_200, removed: 4 })).toBe('3 files, +1,200 −4');
  expect(changesInWords({ files: 1, added: 0, removed: 1 })).toBe('1 file, +0 −1');
  expect(changesInWords({ files: 0, added: 0, removed: 0 })).toBe('none');
});
