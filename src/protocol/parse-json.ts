// Parses JSON of untrusted origin. Parsing a megabyte takes a few milliseconds, unless it contains hundreds of thousands of
// tiny or nested values: then it takes a hundred times as long, and nothing else runs meanwhile.

/** JSON with more values than allowed. */
export class TooManyValues extends Error {}

/**
 * Parses a JSON text with at most `maxValues` items and fields.
 * @throws {SyntaxError} if it is not JSON
 * @throws {TooManyValues} found without parsing it
 */
export function parseJson(text: string, maxValues: number): unknown {
  // Each value has at least one character.
  if (text.length > maxValues && hasMoreValues(text, maxValues)) {
    throw new TooManyValues(`more than ${maxValues} values`);
  }
  return JSON.parse(text);
}

/** Counts what begins a value: `[`, `{` and `,` outside of strings. */
function hasMoreValues(text: string, max: number): boolean {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = findStringEnd(text, at);
      if (at < 0) return false;
    } else if (code === OPENING_BRACKET || code === OPENING_BRACE || code === COMMA) {
      count += 1;
      if (count > max) return true;
    }
  }
  return false;
}

/** The position of the quote that ends a string; -1 if there is none. */
function findStringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
  return (at - first) % 2 === 1;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const OPENING_BRACE = 0x7b;
const COMMA = 0x2c;
