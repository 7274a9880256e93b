// Values that expire, in memory and in a database.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createExpiringValues, createMemoryTable } from '../../src/hub/expiring-values.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { ExpiringTable } from '../../src/store/expiring.ts';
import type { Store } from '../../src/store/store.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';

let server: PostgresServer;
let store: Store;

beforeAll(async () => {
  server = await startPostgres();
  store = await createPostgresStore(await server.createDatabase());
});
afterAll(async () => {
  await store.close();
  await server.remove();
});

const tables: [string, () => ExpiringTable | undefined][] = [
  ['in memory', createMemoryTable],
  ['in PostgreSQL', () => store.expiring],
];

describe.each(tables)('%s', (_name, openTable) => {
  /** Creates values of a kind that no other test has. */
  function setUp({ max = 100 } = {}) {
    const clock = createManualClock();
    const expiring = openTable();
    if (!expiring) throw new Error('The store has no such table.');
    const kind = crypto.randomUUID();
    const open = () =>
      createExpiringValues<{ text: string }>({ clock, expiring }, { kind, lifetimeMs: 1_000, max });
    return { clock, open, values: open() };
  }

  test('a token is found until it expires', async () => {
    const { clock, open, values } = setUp();
    const { token, expiresAt } = await values.create({ text: 'a' }, 'ada');
    expect(expiresAt).toBe(clock.now() + 1_000);
    expect(await open().find(token)).toEqual({ text: 'a' });
    expect(await values.find(`${token}x`)).toBeUndefined();
    clock.advance(1_000);
    expect(await values.find(token)).toBeUndefined();
    expect(await values.take(token)).toBeUndefined();
    expect(await values.countUse(token)).toBeUndefined();
  });

  test('a token is taken once', async () => {
    const { values } = setUp();
    const { token } = await values.create({ text: 'a' }, 'ada');
    const taken = await Promise.all([1, 2, 3].map(() => values.take(token)));
    expect(taken.filter((value) => value !== undefined)).toEqual([{ text: 'a' }]);
  });

  test('uses are counted', async () => {
    const { values } = setUp();
    const { token } = await values.create({ text: 'a' }, 'ada');
    const uses = await Promise.all([1, 2, 3].map(() => values.countUse(token)));
    expect(uses.map((use) => use?.uses)).toEqual([1, 2, 3]);
  });

  test('all values of an owner can be ended, and one replaced', async () => {
    const { values } = setUp();
    const first = await values.create({ text: 'a' }, 'ada');
    const other = await values.create({ text: 'b' }, 'bob');
    await values.set('ada', { text: 'c' });
    await values.set('ada', { text: 'd' });
    expect(await values.get('ada')).toEqual({ text: 'd' });
    await values.endAll('ada');
    expect([await values.find(first.token), await values.get('ada')]).toEqual([
      undefined,
      undefined,
    ]);
    expect(await values.find(other.token)).toEqual({ text: 'b' });
  });

  test('the oldest one is dropped first', async () => {
    const { clock, values } = setUp({ max: 2 });
    const tokens: string[] = [];
    for (const text of ['a', 'b', 'c']) {
      tokens.push((await values.create({ text }, 'ada')).token);
      clock.advance(1);
    }
    const found = await Promise.all(tokens.map((token) => values.find(token)));
    expect(found).toEqual([undefined, { text: 'b' }, { text: 'c' }]);
  });
});
