import { expect, test } from 'bun:test';
import { formatCsvRow } from '../../src/web/csv.ts';

test.each<[string | number | null, string]>([
  ['plain', 'plain'],
  [12, '12'],
  [null, ''],
  ['a,b', '"a,b"'],
  ['say "hi"', '"say ""hi"""'],
  ['two\nlines', '"two\nlines"'],
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'\t=1"],
  ['\r=1', `"'\r=1"`],
  ['=HYPERLINK("x","y")', `"'=HYPERLINK(""x"",""y"")"`],
  ['a=1', 'a=1'],
])('the value %p is written as %p', (value, cell) => {
  expect(formatCsvRow(['a', value])).toBe(`a,${cell}\r\n`);
});
