import { expect, test } from 'bun:test';
import { rejectionMessage } from '../../src/agent/rejection.ts';

test.each([
  [
    'unauthenticated',
    'The hub rejected the token for "build-1". Create a new one with "Add agent".',
  ],
  ['revoked', '"build-1" was removed from the hub. Create a new token with "Add agent".'],
  ['', 'The hub rejected "build-1": no reason given.'],
])('a rejection with reason %p', (reason, message) => {
  expect(rejectionMessage(reason, 'build-1')).toBe(message);
});
