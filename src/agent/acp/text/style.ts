// Terminal colors and indentation. Each piece of colored text resets its own color, so that output can be joined, cut
// and replayed at any point.

const style = (start: number, end: number) => (text: string) =>
  text === '' ? '' : `\u001b[${start}m${text}\u001b[${end}m`;

export const bold = style(1, 22);
export const dim = style(2, 22);
export const red = style(31, 39);
export const green = style(32, 39);
export const yellow = style(33, 39);
export const cyan = style(36, 39);

/** Dims each line separately, because a viewer may show only some of the lines. */
export function dimLines(text: string): string {
  return text.split('\n').map(dim).join('\n');
}

/** Indents every line that is not empty by two spaces. */
export function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
