// The address of a client behind proxies.
import { expect, test } from 'bun:test';
import type { Server } from 'bun';
import { createClientAddress } from '../../src/web/client-address.ts';

const TRUSTED = ['127.0.0.1', '10.0.0.0/8', 'fd00::/8'];

function clientAddress(trusted: string[], peer: string, forwarded?: string) {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  const server = { requestIP: () => ({ address: peer }) } as unknown as Server<unknown>;
  return createClientAddress(trusted)(new Request('http://x', { headers }), server);
}

test.each([
  ['no proxy', [], '192.0.2.1', undefined, '192.0.2.1'],
  ['a header without a proxy', [], '192.0.2.1', '198.51.100.1', '192.0.2.1'],
  ['a header of another client', TRUSTED, '192.0.2.1', '198.51.100.1', '192.0.2.1'],
  ['a proxy', TRUSTED, '127.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['two proxies', TRUSTED, '127.0.0.1', '198.51.100.1, 10.1.2.3', '198.51.100.1'],
  ['a forged start of the header', TRUSTED, '127.0.0.1', '1.1.1.1,198.51.100.1', '198.51.100.1'],
  ['IPv6', TRUSTED, 'fd00::1', '2001:db8::1', '2001:db8::1'],
  ['a proxy without the header', TRUSTED, '127.0.0.1', undefined, '127.0.0.1'],
  ['a header that is no address', TRUSTED, '127.0.0.1', 'unknown', '127.0.0.1'],
  ['only trusted proxies', TRUSTED, '127.0.0.1', '10.0.0.1', '127.0.0.1'],
])('%s', (_name, trusted, peer, forwarded, expected) => {
  expect(clientAddress(trusted, peer, forwarded)).toBe(expected);
});

test('a connection that is gone has no address', () => {
  expect(createClientAddress(TRUSTED)(new Request('http://x'), null)).toBeNull();
});
