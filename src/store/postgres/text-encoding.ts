// Text as PostgreSQL can store it. Its texts contain no NUL characters and no half of a surrogate pair, but output and
// commands do. A NUL becomes two control characters, and halves become replacement characters, as in SQLite.

const ESCAPE = '\u001a';
/** What follows the escape character in place of a NUL. */
const NUL = '\u0001';
// eslint-disable-next-line no-control-regex
const SPECIAL = /[\0\u001a]/g;
// eslint-disable-next-line no-control-regex
const ESCAPED = /\u001a([\u0001\u001a])/g;

/** Encodes a text for a column. A part of it is encoded to a part of the result. */
export function encodeText(text: string): string {
  const encoded = text.replaceAll(SPECIAL, (one) => ESCAPE + (one === '\0' ? NUL : ESCAPE));
  return encoded.isWellFormed() ? encoded : encoded.toWellFormed();
}

export function decodeText(text: string): string {
  if (!text.includes(ESCAPE)) return text;
  return text.replaceAll(ESCAPED, (_, one: string) => (one === NUL ? '\0' : ESCAPE));
}

/** Encodes the strings of a value, so that PostgreSQL can read its JSON. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'string' ? encodeText(one) : one,
  );
}

export function decodeJson(json: string): unknown {
  if (!json.includes(String.raw`\u001a`)) return JSON.parse(json);
  return JSON.parse(json, (_, one: unknown) => (typeof one === 'string' ? decodeText(one) : one));
}

/** Writes texts as an array in PostgreSQL's syntax. */
export function toTextArray(texts: readonly string[]): string {
  const quoted = texts.map((text) => `"${encodeText(text).replaceAll(/["\\]/g, String.raw`\$&`)}"`);
  return `{${quoted.join(',')}}`;
}
