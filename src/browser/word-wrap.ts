// Breaks lines between words, where a terminal breaks them anywhere: for text that is written to be read. It comes in
// pieces: a word that grows past the edge is taken back, and written again on the next line.

/** A line that goes on is indented as it began, up to so many columns. */
const MAX_INDENT = 12;
const TAB = 8;

// eslint-disable-next-line no-control-regex
const TOKENS = /\u001b\[[\d;]*m|[^]/gu;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}]/u;
const NO_WIDTH = /\p{M}|[\u200b-\u200d]/u;

/** For text without control characters but colours, tabs and new lines. */
export function createWordWrap() {
  let column = 0;
  let indent = 0;
  let isLeading = true;
  /** The word under way: its text, where it begins, how wide it is. */
  let word = { text: '', start: 0, width: 0 };

  function endWord(): void {
    word = { text: '', start: column, width: 0 };
  }

  function newLine(at: number): void {
    column = at;
    isLeading = at === 0;
    endWord();
  }

  function space(cols: number): string {
    if (isLeading && column < MAX_INDENT) indent = column + 1;
    if (column < cols) {
      column += 1;
      endWord();
      return ' ';
    }
    newLine(indent);
    return `\n${' '.repeat(indent)}`;
  }

  function letter(text: string, cols: number): string {
    const width = NO_WIDTH.test(text) ? 0 : WIDE.test(text) ? 2 : 1;
    isLeading = false;
    const past = column + width > cols;
    const fits = word.start > indent && indent + word.width + width <= cols;
    if (past && fits) {
      const { text: whole, width: wide } = word;
      const back = `\u001b[${word.start + 1}G\u001b[K\n${' '.repeat(indent)}`;
      word = { text: whole + text, start: indent, width: wide + width };
      column = indent + word.width;
      return back + word.text;
    }
    // Too long for any line: the terminal breaks it.
    if (past) {
      column = 0;
      endWord();
    }
    column += width;
    word = { text: word.text + text, start: word.start, width: word.width + width };
    return text;
  }

  return {
    /** The same text, broken for a terminal of so many columns. */
    wrap(text: string, cols: number): string {
      let out = '';
      for (const [token] of text.matchAll(TOKENS)) {
        if (token.length > 1 && token.startsWith('\u001b')) {
          word.text += token;
          out += token;
        } else if (token === '\n') {
          indent = 0;
          newLine(0);
          out += token;
        } else if (token === '\t') {
          column = Math.min(cols, (Math.floor(column / TAB) + 1) * TAB);
          endWord();
          out += token;
        } else {
          out += token === ' ' ? space(cols) : letter(token, cols);
        }
      }
      return out;
    },
    /** The next text begins on a line of its own. */
    reset(): void {
      indent = 0;
      newLine(0);
    },
  };
}
