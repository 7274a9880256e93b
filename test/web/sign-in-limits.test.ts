// The limits of sign-in attempts, per address.
import { expect, test } from 'bun:test';
import type { TestHub } from '../support/hub/hub.ts';
import { expectError, PASSWORD, startHubWithAdmin } from './helpers.ts';

const PROXY = { trustedProxies: ['127.0.0.1'] };

const signInFrom = (hub: TestHub, address: string, username = 'admin', password = PASSWORD) =>
  hub.callApi('POST', '/session', {
    token: null,
    body: { username, password },
    headers: { 'x-forwarded-for': address },
  });

const failFrom = (hub: TestHub, address: string, username?: string) =>
  expectError(signInFrom(hub, address, username, 'wrong'), 401, 'not_authenticated');

test('wrong passwords from one address do not lock the user out from another', async () => {
  await using hub = await startHubWithAdmin(PROXY);
  for (let i = 0; i < 5; i++) await failFrom(hub, '192.0.2.1');
  await expectError(signInFrom(hub, '192.0.2.1'), 429, 'rate_limited');
  expect((await signInFrom(hub, '192.0.2.2')).status).toBe(200);
  await expectError(signInFrom(hub, '192.0.2.1'), 429, 'rate_limited');
});

test('the header of a client that is not a trusted proxy is ignored', async () => {
  await using hub = await startHubWithAdmin();
  for (let i = 0; i < 5; i++) await failFrom(hub, `192.0.2.${i}`);
  await expectError(signInFrom(hub, '192.0.2.9'), 429, 'rate_limited');
});

test('one address has 30 attempts with any usernames, then one every 5 s', async () => {
  await using hub = await startHubWithAdmin(PROXY);
  for (let i = 0; i < 30; i++) await failFrom(hub, '192.0.2.1', `user-${i}`);
  const response = await signInFrom(hub, '192.0.2.1', 'another');
  expect(response.headers.get('retry-after')).toBe('30');
  await expectError(response, 429, 'rate_limited');
  await failFrom(hub, '192.0.2.2', 'another');
  hub.clock.advance(5_000);
  await failFrom(hub, '192.0.2.1', 'another');
});

test('all addresses of an IPv6 network count as one', async () => {
  await using hub = await startHubWithAdmin(PROXY);
  for (let i = 0; i < 30; i++) await failFrom(hub, `2001:db8::${i}`, `user-${i}`);
  await expectError(signInFrom(hub, '2001:db8::ffff', 'another'), 429, 'rate_limited');
  await failFrom(hub, '2001:db8:0:1::1', 'another');
});

test('many sign-ins at once from one address leave places for others', async () => {
  await using hub = await startHubWithAdmin(PROXY);
  const many = Array.from({ length: 12 }, (_, i) => signInFrom(hub, '192.0.2.1', `user-${i}`));
  const other = signInFrom(hub, '192.0.2.2');
  const statuses = (await Promise.all(many)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 401)).toHaveLength(5);
  expect(statuses.filter((status) => status === 503)).toHaveLength(7);
  expect((await other).status).toBe(200);
});

test('the sign-in page has the same limits', async () => {
  await using hub = await startHubWithAdmin();
  const submit = (fields: Record<string, string>) =>
    fetch(`${hub.url}/login`, { method: 'POST', body: new URLSearchParams(fields) });
  for (const fields of [
    { username: 'x'.repeat(129), password: 'wrong' },
    { username: 'admin', password: 'x'.repeat(1_025) },
  ]) {
    for (let i = 0; i < 6; i++) expect((await submit(fields)).status).toBe(401);
  }
  const wrong = { username: 'admin', password: 'wrong' };
  for (let i = 0; i < 5; i++) expect((await submit(wrong)).status).toBe(401);
  const response = await submit(wrong);
  expect(response.status).toBe(429);
  expect(response.headers.get('retry-after')).toBe('30');
});
