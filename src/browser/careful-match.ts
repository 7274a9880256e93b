// Matches expressions that users write. The browser cannot stop one that backtracks for hours, so the page would hang: a line
// is searched in growing parts, and an expression that takes too long for one of them is given up.

/** Longer lines are searched up to this length. */
const MAX_LENGTH = 2_000;
/** What an expression may take for one line. */
const MAX_MS = 100;
/** A group that is repeated and contains a repetition or alternatives. Its time can double with each character. */
const NESTED = /[*+?}|][^]*\)[*+{]/;
/** Up to this length, such an expression is tried with each character more. */
const FIRST_LENGTH = 64;

/**
 * Creates a function that returns the matches in a line, or null if the expression is too slow.
 * @param pattern with the flag `g`
 */
export function createCarefulMatch(pattern: RegExp, now = () => performance.now()) {
  const isNested = NESTED.test(pattern.source);

  function match(text: string) {
    const startedAt = now();
    const matches = [...text.matchAll(pattern)];
    return { matches, isSlow: now() - startedAt > MAX_MS };
  }

  /** Returns null if it takes long, twice: a computer can be busy with something else. */
  function matchTwice(text: string): RegExpExecArray[] | null {
    const { matches, isSlow } = match(text);
    return isSlow && match(text).isSlow ? null : matches;
  }

  return (line: string): RegExpExecArray[] | null => {
    const text = line.slice(0, MAX_LENGTH);
    let length = isNested ? 1 : FIRST_LENGTH;
    for (; length < text.length; length = grow(length)) {
      if (matchTwice(text.slice(0, length)) === null) return null;
    }
    return matchTwice(text);
  };
}

const grow = (length: number) => (length < FIRST_LENGTH ? length + 1 : Math.ceil(length * 1.25));
