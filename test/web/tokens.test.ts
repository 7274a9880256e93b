import { beforeEach, describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import type { Identity } from '../../src/hub/state/dashboard.ts';
import { createTokens, type Tokens } from '../../src/web/tokens.ts';
import { createFixedKeys } from '../support/hub/hub.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';

const SECRET = 'the secret of this test';
const HOUR = 3_600_000;

let clock: ManualClock;
let tokens: Tokens;
let ada: Identity;
let sessions: Map<string, Identity>;

beforeEach(() => {
  clock = createManualClock();
  ada = {
    userId: 'ada',
    role: 'admin',
    agents: null,
    sessionId: 's1',
    address: null,
    expiresAt: clock.now() + 12 * HOUR,
  };
  sessions = new Map([['s1', ada]]);
  tokens = createTokens(createFixedKeys(SECRET), clock, {
    use: (id) => Promise.resolve(sessions.get(id) ?? null),
  });
});

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signs any claims with any algorithm. */
function forge(claims: unknown, { alg = 'HS256', secret = SECRET, kid = 'test' } = {}) {
  const body = `${base64({ alg, typ: 'JWT', kid })}.${base64(claims)}`;
  const hash = { HS256: 'sha256', HS512: 'sha512' }[alg];
  if (!hash) return `${body}.`;
  return `${body}.${createHmac(hash, secret).update(body).digest('base64url')}`;
}

const claims = () => ({
  sub: 'ada',
  sid: 's1',
  use: 'session',
  exp: Math.floor((clock.now() + HOUR) / 1000),
});

test('a session token is valid as long as its session', async () => {
  const { token, expiresAt } = await tokens.issueSession(ada);
  expect(expiresAt).toBe(ada.expiresAt);
  expect(await tokens.verify(token, ['session'])).toEqual(ada);
  clock.advance(12 * HOUR - 1_000);
  expect(await tokens.verify(token, ['session'])).not.toBeNull();
  clock.advance(2_000);
  expect(await tokens.verify(token, ['session'])).toBeNull();
});

test('a token ends with its session', async () => {
  const issued = [await tokens.issueSession(ada), await tokens.issueSocket(ada)];
  sessions.delete('s1');
  for (const { token } of issued) {
    expect(await tokens.verify(token, ['session', 'socket'])).toBeNull();
  }
});

test('a socket token is valid for 5 minutes, for sockets only, and returns the expiry of the session', async () => {
  const issued = await tokens.issueSocket(ada);
  expect(issued.expiresAt).toBe(clock.now() + 5 * 60_000);
  expect(await tokens.verify(issued.token, ['session', 'socket'])).toEqual(ada);
  expect(await tokens.verify(issued.token, ['session'])).toBeNull();
  clock.advance(5 * 60_000 + 1_000);
  expect(await tokens.verify(issued.token, ['session', 'socket'])).toBeNull();
});

test('a socket token does not outlast its session', async () => {
  const expiresAt = clock.now() + 10_000;
  const issued = await tokens.issueSocket({ ...ada, expiresAt });
  expect(issued.expiresAt).toBe(expiresAt);
});

describe('a token is rejected', () => {
  test('unless it is valid', async () => {
    expect(await tokens.verify(forge(claims()), ['session'])).toMatchObject({ userId: 'ada' });
  });

  const forgeries: [string, () => string][] = [
    ['without a signature (alg none)', () => forge(claims(), { alg: 'none' })],
    ['signed with another algorithm', () => forge(claims(), { alg: 'HS512' })],
    ['signed with another secret', () => forge(claims(), { secret: 'another' })],
    ['signed with an unknown key', () => forge(claims(), { kid: 'other' })],
    ['with a key that is no string', () => forge(claims(), { kid: 1 as unknown as string })],
    ['that has expired', () => forge({ ...claims(), exp: Math.floor(clock.now() / 1000) - 1 })],
    ['without an expiry', () => forge({ ...claims(), exp: undefined })],
    ['without a user', () => forge({ ...claims(), sub: undefined })],
    ['for the session of another user', () => forge({ ...claims(), sub: 'eve' })],
    ['without a session', () => forge({ ...claims(), sid: undefined })],
    ['with an unknown session', () => forge({ ...claims(), sid: 's2' })],
    ['with an unknown use', () => forge({ ...claims(), use: 'all' })],
    ['that is empty', () => ''],
    ['that is not a JWT', () => 'a.b.c'],
    ['that is very long', () => 'x'.repeat(8_000)],
  ];

  test.each(forgeries)('%s', async (_name, make) => {
    expect(await tokens.verify(make(), ['session', 'socket'])).toBeNull();
  });

  test('that was tampered with in any part', async () => {
    const [head, body, signature] = forge({ ...claims(), sid: 's2' }).split('.');
    const adminBody = base64(claims());
    expect(await tokens.verify(`${head}.${adminBody}.${signature}`, ['session'])).toBeNull();
    const noneHead = base64({ alg: 'none', typ: 'JWT', kid: 'test' });
    expect(await tokens.verify(`${noneHead}.${body}.${signature}`, ['session'])).toBeNull();
    expect(await tokens.verify(`${noneHead}.${adminBody}.`, ['session'])).toBeNull();
    expect(await tokens.verify(`${head}.${body}.${signature?.slice(1)}`, ['session'])).toBeNull();
  });
});
