// The text of output as it is searched: what a person reads, without escape sequences.

/** CSI and OSC sequences, other escape sequences, and control characters except tab and line breaks. */
const CONTROLS =
  // eslint-disable-next-line no-control-regex
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[ -/]*[0-~])|[\0-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;
const LINE_BREAK = /\r\n|\n|\r/;

/** The part of an unfinished line that is searched together with its continuation in the next block. */
const MAX_TAIL_LENGTH = 1_000;
/** The text in which the end of the last line is looked for: escape sequences are not counted. */
const TAIL_WINDOW = 8_000;
const MAX_SNIPPET_LENGTH = 200;
/** The characters before the match in a line that is too long. */
const SNIPPET_LEAD = 60;

/** Removes what is not shown. */
export const toPlainText = (text: string): string => text.replaceAll(CONTROLS, '');

/** Returns the line in which a text ends, if it may continue. */
export function lastLine(text: string): string {
  const lines = toPlainText(text.slice(-TAIL_WINDOW)).split(LINE_BREAK);
  return lines.at(-1)?.slice(-MAX_TAIL_LENGTH) ?? '';
}

/** Returns the line that contains a text, shortened around it; null if there is none. Case is ignored. */
export function findLine(plainText: string, text: string): string | null {
  const wanted = text.toLowerCase();
  const lower = plainText.toLowerCase();
  const at = lower.indexOf(wanted);
  if (at === -1) return null;
  // Lowercase letters can have another length, so that only the number of the line is the same.
  const number = lower.slice(0, at).split(LINE_BREAK).length - 1;
  const line = plainText.split(LINE_BREAK)[number]?.trim() ?? '';
  if (line.length <= MAX_SNIPPET_LENGTH) return line;
  const start = Math.max(0, line.toLowerCase().indexOf(wanted) - SNIPPET_LEAD);
  const end = start + MAX_SNIPPET_LENGTH;
  return `${start > 0 ? '…' : ''}${line.slice(start, end)}${end < line.length ? '…' : ''}`;
}
