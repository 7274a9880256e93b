// Truncates texts to the limits of the protocol.

/** The first half of a surrogate pair that was cut. */
const HIGH_SURROGATE = /[\ud800-\udbff]$/;

/** Truncates a text to `maxLength` UTF-16 code units, with an ellipsis at the end. Never splits a code point. */
export function truncate(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return `${text.slice(0, maxLength - 1).replace(HIGH_SURROGATE, '')}…`;
}
