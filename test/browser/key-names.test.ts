// The names of keystrokes.
import { expect, test } from 'bun:test';
import { describeKeys } from '../../src/browser/key-names.ts';

test('keystrokes are named', () => {
  const cases: [data: string, names: string][] = [
    ['ls -l\r', 'ls -l Enter'],
    ['\u0003', 'Ctrl+C'],
    ['\u001b:wq\r', 'Esc :wq Enter'],
    ['\u001b[A\u001bOB\t', '↑ ↓ Tab'],
    ['\u001b[200~a\u001b[201~', 'a'],
    ['é😀', 'é😀'],
    ['', ''],
  ];
  for (const [data, names] of cases) expect(describeKeys(data)).toBe(names);
  expect(describeKeys('x'.repeat(100))).toBe(`${'x'.repeat(60)}…`);
});
