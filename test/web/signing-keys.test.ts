// The keys that sign session tokens, in a real data folder.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Identity } from '../../src/hub/state/dashboard.ts';
import { type DataFolder, openDataFolder } from '../../src/store/data-folder.ts';
import { createFileKeys } from '../../src/cli/key-storage.ts';
import { createSigningKeys } from '../../src/web/signing-keys.ts';
import { createTokens } from '../../src/web/tokens.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { rejectionOf } from '../support/rejection.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let temporary: TemporaryFolder;
let folder: DataFolder;
let clock: ManualClock;
let messages: string[];

beforeEach(() => {
  temporary = createTemporaryFolder();
  folder = openDataFolder(temporary.path);
  clock = createManualClock();
  messages = [];
});
afterEach(() => {
  folder.release();
  temporary.remove();
});

/** Reads the keys, as a start of the hub does. */
async function start() {
  const log = (message: string) => void messages.push(message);
  const keys = await createSigningKeys({
    storage: createFileKeys(folder),
    clock,
    log: { info: log, warn: log, error: log },
  });
  const signIn = (): Identity => ({
    userId: 'ada',
    role: 'admin',
    agents: null,
    address: null,
    sessionId: 's1',
    expiresAt: clock.now() + 12 * HOUR,
  });
  const tokens = createTokens(keys, clock, { use: () => Promise.resolve(signIn()) });
  return {
    ...keys,
    sign: async () => (await tokens.issueSession(signIn())).token,
    isValid: async (token: string) => (await tokens.verify(token, ['session'])) !== null,
  };
}

/** Advances the clock, and waits for what the check of the keys stores. */
async function advance(ms: number) {
  clock.advance(ms);
  await new Promise((resolve) => setImmediate(resolve));
}

const readFile = () => readFileSync(join(temporary.path, 'jwt-secret'), 'utf8');
const listStored = (): string[] => JSON.parse(readFile()).keys.map(({ id }: { id: string }) => id);
const kidOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString()).kid;

test('the first key is stored with mode 0600, and is used again after a restart', async () => {
  const first = await start();
  const token = await first.sign();
  expect(kidOf(token)).toBe(first.current().id);
  expect(statSync(join(temporary.path, 'jwt-secret')).mode & 0o777).toBe(0o600);
  const restarted = await start();
  expect(restarted.current()).toEqual(first.current());
  expect(await restarted.isValid(token)).toBe(true);
});

test('a key signs for 30 days, and verifies for another 12 hours', async () => {
  const keys = await start();
  const first = keys.current().id;
  await advance(30 * DAY - HOUR);
  expect(keys.current().id).toBe(first);
  const token = await keys.sign();
  await advance(HOUR);
  const second = keys.current().id;
  expect(second).not.toBe(first);
  expect(messages).toEqual(['The key that signs session tokens was replaced.']);
  expect(listStored()).toEqual([second, first]);
  expect(await keys.isValid(token)).toBe(true);
  expect(kidOf(await keys.sign())).toBe(second);
  await advance(12 * HOUR);
  expect(await keys.find(first)).toBeUndefined();
  expect(listStored()).toEqual([second]);
  keys.stop();
  await advance(30 * DAY);
  expect(keys.current().id).toBe(second);
});

test('a key that became too old while the hub was stopped is replaced at the start', async () => {
  const before = await start();
  const [token, first] = [await before.sign(), before.current().id];
  before.stop();
  await advance(30 * DAY);
  const keys = await start();
  expect(keys.current().id).not.toBe(first);
  expect(await keys.find(first)).toBeDefined();
  expect(await keys.isValid(token)).toBe(false);
});

test('a key can be replaced at any time, also several times, without ending sessions', async () => {
  const keys = await start();
  const tokens = [await keys.sign()];
  for (let i = 0; i < 3; i += 1) {
    await keys.rotate();
    tokens.push(await keys.sign());
  }
  expect(new Set(tokens.map(kidOf)).size).toBe(4);
  const restarted = await start();
  for (const token of tokens) expect(await restarted.isValid(token)).toBe(true);
});

test('the secret of an earlier version still verifies its tokens, and is replaced', async () => {
  const secret = 'the only line of the file';
  writeFileSync(join(temporary.path, 'jwt-secret'), `${secret}\n`, { mode: 0o600 });
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor((clock.now() + 12 * HOUR) / 1000);
  const body = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: 'ada', sid: 's1', use: 'session', exp })}`;
  const token = `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
  const keys = await start();
  expect(await keys.isValid(token)).toBe(true);
  expect(keys.current().secret).not.toBe(secret);
  const restarted = await start();
  expect(restarted.current()).toEqual(keys.current());
  expect(await restarted.isValid(token)).toBe(true);
  expect(statSync(join(temporary.path, 'jwt-secret')).mode & 0o777).toBe(0o600);
  await advance(12 * HOUR - 1_000);
  expect(await restarted.isValid(token)).toBe(true);
  await advance(1_000);
  expect(readFile()).not.toContain(secret);
  expect(await restarted.isValid(token)).toBe(false);
});

test('a key that cannot be stored is not used, and the next check tries again', async () => {
  const keys = await start();
  const first = keys.current();
  const obstacle = join(temporary.path, 'jwt-secret.new');
  mkdirSync(obstacle);
  await advance(30 * DAY);
  expect(keys.current()).toEqual(first);
  expect(messages).toEqual(['Could not store a new key for session tokens.']);
  expect(await rejectionOf(keys.rotate())).not.toBe('');
  expect(await keys.isValid(await keys.sign())).toBe(true);
  rmdirSync(obstacle);
  await advance(HOUR);
  expect(keys.current()).not.toEqual(first);
});

test('a damaged file is reported and left unchanged', async () => {
  for (const text of [
    '{',
    '{"keys": []}',
    '{"keys": [{"id": "a", "secret": "", "createdAt": 1}]}',
  ]) {
    writeFileSync(join(temporary.path, 'jwt-secret'), text);
    expect(await rejectionOf(start())).toContain('jwt-secret in the data folder is damaged');
    expect(readFile()).toBe(text);
  }
});
