// Makes text from models and programs safe for a terminal: it cannot move the cursor, change colors or the window
// title, or reverse the text direction. Replaced characters stay visible.
import { truncate } from '../../truncate.ts';

// eslint-disable-next-line no-control-regex
const CONTROL_CHARACTERS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/** Directional overrides and isolates, and line separators. They can make text look different from what it is. */
const BIDI_CHARACTERS = /[\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Replaces every control character except tab and newline with a symbol (ESC becomes ␛) and removes carriage returns.
 * Works on any part of a stream, because no replacement depends on the neighboring characters.
 */
export function sanitize(text: string): string {
  return text
    .replaceAll('\r', '')
    .replace(CONTROL_CHARACTERS, symbolFor)
    .replace(BIDI_CHARACTERS, '�');
}

/**
 * Sanitizes the complete output of a command. Removes colors, and keeps only the last version of a line that was
 * overwritten with carriage returns, as a terminal would show it.
 */
export function sanitizeOutput(text: string): string {
  const lines = Bun.stripANSI(text).replaceAll('\r\n', '\n').split('\n');
  return sanitize(lines.map((line) => line.slice(line.lastIndexOf('\r') + 1)).join('\n'));
}

/** Sanitizes text and returns its first line, truncated to `maxLength`. */
export function firstLine(text: string, maxLength = 200): string {
  const [first = '', ...more] = sanitize(text).trim().split('\n');
  const isComplete = first.length <= maxLength;
  return isComplete && more.length > 0 ? `${first} …` : truncate(first, maxLength);
}

function symbolFor(control: string): string {
  const code = control.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? '␡' : '�';
}
