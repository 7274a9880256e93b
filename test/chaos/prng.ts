// Numbers that look random and come out the same for the same seed: what makes a failing round repeatable.

export interface Prng {
  /** In [0, 1). */
  next(): number;
  /** A whole number in [low, high]. */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** Another source, which depends on this one's seed and the label alone, not on what was drawn here. */
  fork(label: string | number): Prng;
}

/** Makes a source of numbers (mulberry32) from any words. */
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
      if (index >= list.length || index < 0) throw new Error('nothing to pick from');
      return list[index] as T;
    },
    fork: (label) => createPrng(`${seed}/${label}`),
  };
}
