// Text measured in UTF-8 bytes, as every size on the wire is. For Bun only: the browser never cuts.

const scratch = new Uint8Array(65_536);
const encoder = new TextEncoder();

/** The size of a text in UTF-8 bytes. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/**
 * The longest beginning of `text` that fits into `bytes`, and what is left. Never cuts a code point.
 * @param bytes at least 4 (the longest code point) and at most 65,536
 */
export function splitAtBytes(text: string, bytes: number): [head: string, rest: string] {
  const { read } = encoder.encodeInto(text, scratch.subarray(0, bytes));
  return [text.slice(0, read), text.slice(read)];
}
