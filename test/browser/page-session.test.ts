import { expect, test } from 'bun:test';
import { describeAdded } from '../../src/browser/page-session.ts';

test('says how many lines were added below', () => {
  expect([0, 1, 37, 1_234].map(describeAdded)).toEqual([
    'Back to the end',
    '1 new line',
    '37 new lines',
    '1,234 new lines',
  ]);
});
