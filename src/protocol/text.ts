// Text measured in UTF-8 bytes, like all sizes in the protocol. For Bun only: it uses Buffer.

const scratch = new Uint8Array(65_536);
const encoder = new TextEncoder();

/** Returns the size of a string in UTF-8 bytes. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/**
 * Splits a string after at most `maxBytes`, never inside a code point.
 * @param maxBytes at least 4 (the longest code point) and at most 65,536
 */
export function splitAtBytes(text: string, maxBytes: number): [head: string, rest: string] {
  const { read } = encoder.encodeInto(text, scratch.subarray(0, maxBytes));
  return [text.slice(0, read), text.slice(read)];
}

/**
 * Shortens a string to at most `maxBytes`: after a line if that keeps at least half of it, and never inside a code point.
 * @param maxBytes as for `splitAtBytes`
 */
export function truncateAtLine(text: string, maxBytes: number): string {
  const [head, rest] = splitAtBytes(text, maxBytes);
  if (rest === '') return text;
  const end = head.lastIndexOf('\n') + 1;
  return end >= head.length / 2 ? head.slice(0, end) : head;
}
