// A few rounds of `make chaos`: seeds that between them meet most kinds of fault.
import { expect, test } from 'bun:test';
import { buildBinary } from '../support/binary.ts';
import { playRound } from './round.ts';

const ROUND_MS = 60_000;

test.each([13, 3, 10])(
  'round %i of faults loses nothing, repeats nothing, and tells no lie',
  async (seed) => {
    const { commands, violations } = await playRound(seed, { binary: buildBinary() });
    expect(violations).toEqual([]);
    expect(commands).toBeGreaterThanOrEqual(60);
  },
  ROUND_MS,
);
