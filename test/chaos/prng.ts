// Pseudo-random numbers that depend only on a seed, so that a failing round can be repeated.

export interface Prng {
  /** Returns a number in [0, 1). */
  next(): number;
  /** Returns an integer in [low, high]. */
  between(low: number, high: number): number;
  /** Returns true with this probability. */
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** Creates a generator that depends only on this one's seed and the label, not on the numbers drawn so far. */
  fork(label: string | number): Prng;
}

/** Creates a generator (mulberry32) from a text. */
export function createPrng(seed: string): Prng {
  let state = Bun.hash.xxHash32(seed);

  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between,
    chance: (probability) => next() < probability,
    pick<T>(list: readonly T[]): T {
      const index = between(0, list.length - 1);
      if (index >= list.length || index < 0) throw new Error('Cannot pick from an empty list.');
      return list[index] as T;
    },
    fork: (label) => createPrng(`${seed}/${label}`),
  };
}
