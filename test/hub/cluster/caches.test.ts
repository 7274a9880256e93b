// When tables are read again.
import { expect, test } from 'bun:test';
import { createCaches, RETRY_MS } from '../../../src/hub/cluster/caches.ts';
import { isLeader } from '../../../src/hub/cluster/leader.ts';
import type { StoredHub } from '../../../src/store/cluster.ts';
import type { Reload, Reloaded } from '../../../src/store/pending-writes.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const NOTHING: Reloaded = { again: null };
const settle = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** Creates caches of which a test decides when a reading of the sessions ends. */
function setUp() {
  const clock = createManualClock();
  const warnings: string[] = [];
  const log = { info() {}, error() {}, warn: (text: string) => void warnings.push(text) };
  const readings: PromiseWithResolvers<Reloaded>[] = [];
  let others = 0;
  const countOther: Reload = () => {
    others += 1;
    return Promise.resolve(NOTHING);
  };
  const caches = createCaches(
    {
      users: countOther,
      sessions() {
        const reading = Promise.withResolvers<Reloaded>();
        readings.push(reading);
        return reading.promise;
      },
      agents: countOther,
      agent_tokens: countOther,
      api_tokens: countOther,
      secrets: countOther,
    },
    { clock, log },
  );
  return { clock, caches, readings, warnings, countOthers: () => others };
}

test('one reading at a time, and one more for all requests that came meanwhile', async () => {
  const { caches, readings, countOthers } = setUp();
  const done: number[] = [];
  for (const i of [1, 2, 3]) void caches.reload(['sessions']).then(() => done.push(i));
  await settle();
  expect(readings).toHaveLength(1);
  readings[0]!.resolve(NOTHING);
  await settle();
  expect(done).toEqual([1]);
  expect(readings).toHaveLength(2);
  readings[1]!.resolve(NOTHING);
  await settle();
  expect(done).toEqual([1, 2, 3]);
  expect(readings).toHaveLength(2);
  await caches.reload(['users', 'secrets']);
  expect([countOthers(), readings.length]).toEqual([2, 2]);
});

test('a table that cannot be read is read again every second', async () => {
  const { clock, caches, readings, warnings } = setUp();
  let isDone = false;
  void caches.reload(['sessions']).then(() => (isDone = true));
  readings[0]!.reject(new Error('unreachable'));
  await settle();
  expect([readings.length, isDone]).toEqual([1, false]);
  expect(warnings).toEqual(['Could not read the changes of other hubs from the database.']);
  clock.advance(RETRY_MS);
  await settle();
  readings[1]!.resolve(NOTHING);
  await settle();
  expect(isDone).toBe(true);
  caches.stop();
});

test('a request does not wait for a table that cannot be read', async () => {
  const { caches, readings } = setUp();
  const refreshed = caches.refresh(['sessions']);
  readings[0]!.reject(new Error('unreachable'));
  await refreshed;
  expect(readings).toHaveLength(1);
});

test('rows that were left out are read once they are written', async () => {
  const { caches, readings } = setUp();
  const written = Promise.withResolvers<void>();
  const reloaded = caches.reload(['sessions']);
  readings[0]!.resolve({ again: written.promise });
  await reloaded;
  await settle();
  expect(readings).toHaveLength(1);
  written.resolve();
  await settle();
  expect(readings).toHaveLength(2);
  readings[1]!.resolve(NOTHING);
});

test('the leader is the first hub by name that has a lease', () => {
  const hub = (node: string, isAlive: boolean) => ({ node, hubId: `id of ${node}`, isAlive });
  const hubs = [hub('c', true), hub('a', false), hub('b', true)] as StoredHub[];
  expect(['a', 'b', 'c'].filter((node) => isLeader(hubs, `id of ${node}`))).toEqual(['b']);
  expect(isLeader([], 'id of a')).toBe(false);
});
