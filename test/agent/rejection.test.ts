import { expect, test } from 'bun:test';
import { rejectionMessage } from '../../src/agent/rejection.ts';

test.each([
  ['unauthenticated', 'The hub rejected the token for "build-1". Ask an admin for a new one.'],
  [
    'revoked',
    'The token was revoked, or "build-1" was removed from the hub. Ask an admin for a new token.',
  ],
  ['', 'The hub rejected "build-1": no reason given.'],
])('a rejection with reason %p', (reason, message) => {
  expect(rejectionMessage(reason, 'build-1')).toBe(message);
});
