// The few colours of an AI's terminal. Each piece closes what it opened, so that a terminal can be joined, cut and
// replayed anywhere.

const wrap = (open: number, close: number) => (text: string) =>
  text === '' ? '' : `\u001b[${open}m${text}\u001b[${close}m`;

export const bold = wrap(1, 22);
export const dim = wrap(2, 22);
export const red = wrap(31, 39);
export const green = wrap(32, 39);
export const yellow = wrap(33, 39);
export const cyan = wrap(36, 39);

/** Puts two spaces before each line that has something on it. */
export function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}

/** A length of time as people read it: `0.4 s`, `12 s`, `3 min 5 s`. */
export function inWords(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  return seconds % 60 === 0
    ? `${seconds / 60} min`
    : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
