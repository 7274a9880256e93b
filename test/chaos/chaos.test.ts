// A few rounds of `make chaos`, with seeds that cover most kinds of faults between them.
import { expect, test } from 'bun:test';
import { buildBinary } from '../support/binary.ts';
import { runRound } from './round.ts';

/** Longer than a round may take to come to rest, so that a stuck round reports what it waits for. */
const TIMEOUT_MS = 150_000;

test.each([13, 10])(
  'round %i: under faults, no command or output is lost, repeated or misreported',
  async (seed) => {
    const { commands, violations } = await runRound(seed, { binary: buildBinary() });
    expect(violations).toEqual([]);
    expect(commands).toBeGreaterThanOrEqual(60);
  },
  TIMEOUT_MS,
);
