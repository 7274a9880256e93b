import { expect, test } from 'bun:test';
import { formatSize } from '../../src/protocol/size.ts';

test('1 KB is 1,024 bytes', () => {
  expect([0, 1023, 1024, 9900, 10_240, 319_488, 1_048_576].map(formatSize)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KB',
    '9.7 KB',
    '10 KB',
    '312 KB',
    '1.0 MB',
  ]);
});
