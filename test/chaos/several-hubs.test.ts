// A round of `make chaos HUBS=3 STORE=postgres` with each bus: hubs are killed, frozen and restarted, and lose their database
// and their bus.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { buildBinary } from '../support/binary.ts';
import { runRound } from './round.ts';
import { startDatabaseServer } from './servers/database.ts';

/** Longer than a round may take to come to rest, so that a stuck round reports what it waits for. */
const TIMEOUT_MS = 180_000;

let database: Awaited<ReturnType<typeof startDatabaseServer>>;

beforeAll(async () => {
  database = await startDatabaseServer();
});
afterAll(() => database.remove());

test.each([
  ['pg', 378],
  ['nats', 372],
] as const)(
  'three hubs with the bus %s, round %i: no command or output is lost, repeated or misreported',
  async (bus, seed) => {
    const cluster = { hubs: 3, bus, database };
    const { commands, violations } = await runRound(seed, { binary: buildBinary(), cluster });
    expect(violations).toEqual([]);
    expect(commands).toBeGreaterThanOrEqual(60);
  },
  TIMEOUT_MS,
);
