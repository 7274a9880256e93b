import { expect, test } from 'bun:test';
import { classifyOption, formatResponse } from '../../src/protocol/approvals.ts';

const options = [
  { optionId: 'yes', name: 'Yes', kind: 'allow_once' },
  { optionId: 'always', name: 'Always', kind: 'allow_always' },
  { optionId: 'no', name: 'No', kind: 'reject_once' },
  { optionId: 'never', name: 'Never', kind: 'reject_always' },
  { optionId: 'plan', name: 'Plan B', kind: 'constructor' },
];

test('options are classified by kind', () => {
  expect(options.map(classifyOption)).toEqual(['allow', 'allow', 'reject', 'reject', 'other']);
});

test.each([
  ['yes', 'Approved by otto'],
  ['always', 'Always approved by otto'],
  ['no', 'Rejected by otto'],
  ['never', 'Always rejected by otto'],
  ['plan', '“Plan B” selected by otto'],
  ['unknown', 'Resolved by otto'],
])('the response %p is formatted as %p', (optionId, text) => {
  const response = { outcome: 'selected', optionId, resolvedBy: 'otto' } as const;
  expect(formatResponse(options, response)).toBe(text);
  expect(formatResponse(options, { ...response, resolvedBy: null })).toBe(
    text.replace(' by otto', ''),
  );
});

test('a cancelled request is withdrawn', () => {
  const response = { outcome: 'cancelled', optionId: null, resolvedBy: null } as const;
  expect(formatResponse(options, response)).toBe('Withdrawn');
});
