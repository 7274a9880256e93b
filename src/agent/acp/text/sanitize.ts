// Text that models and programs wrote, made harmless: nothing in it can move a cursor, change a colour, rename a window
// or turn the direction of writing. What was there stays visible, so that nobody is misled.

// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/** They make text read otherwise than it runs: overrides and isolates of direction, and line separators. */
const INVISIBLE = /[\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The first half of a character, where the second was cut off. */
const HALF = /[\ud800-\udbff]$/;

/**
 * Replaces every control character but tab and new line by its picture (ESC becomes ␛). Works on any piece of a stream:
 * no character depends on its neighbours, but for carriage returns, which are dropped.
 */
export function sanitize(text: string): string {
  return text.replaceAll('\r', '').replace(CONTROLS, picture).replace(INVISIBLE, '�');
}

/**
 * The same for what a command wrote: its colours are dropped, and of a line written over and over only the last
 * version stays, as on a terminal. For whole texts only.
 */
export function sanitizeOutput(text: string): string {
  const lines = Bun.stripANSI(text).replaceAll('\r\n', '\n').split('\n');
  return sanitize(lines.map((line) => line.slice(line.lastIndexOf('\r') + 1)).join('\n'));
}

/** The first line of it, harmless, and at most so many characters long. */
export function firstLine(text: string, most = 200): string {
  const [first = '', ...more] = sanitize(text).trim().split('\n');
  if (first.length <= most) return more.length > 0 ? `${first} …` : first;
  return `${first.slice(0, most - 1).replace(HALF, '')}…`;
}

function picture(control: string): string {
  const code = control.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? '␡' : '�';
}
