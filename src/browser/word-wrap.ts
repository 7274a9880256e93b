// Wraps prose between words for a terminal, which would break lines anywhere. Text arrives in pieces: when a word grows
// past the last column, the part already written is erased and written again on the next line.

/** Continuation lines repeat the indentation of the first line, up to this many columns. */
const MAX_INDENT = 12;
const TAB_COLUMNS = 8;

// eslint-disable-next-line no-control-regex
const TOKENS = /\u001b\[[\d;]*m|[^]/gu;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}]/u;
const ZERO_WIDTH = /\p{M}|[\u200b-\u200d]/u;

/** Creates a wrapper for text whose only control characters are colors, tabs and newlines. */
export function createWordWrap() {
  let column = 0;
  let indent = 0;
  let isLeading = true;
  /** The current word: its text, start column and width in columns. */
  let word = { text: '', start: 0, width: 0 };

  function endWord(): void {
    word = { text: '', start: column, width: 0 };
  }

  function startLine(at: number): void {
    column = at;
    isLeading = at === 0;
    endWord();
  }

  function writeSpace(cols: number): string {
    if (isLeading && column < MAX_INDENT) indent = column + 1;
    if (column < cols) {
      column += 1;
      endWord();
      return ' ';
    }
    startLine(indent);
    return `\n${' '.repeat(indent)}`;
  }

  function writeCharacter(text: string, cols: number): string {
    const width = ZERO_WIDTH.test(text) ? 0 : WIDE.test(text) ? 2 : 1;
    isLeading = false;
    const isPastEnd = column + width > cols;
    const fitsNextLine = word.start > indent && indent + word.width + width <= cols;
    if (isPastEnd && fitsNextLine) {
      const eraseWord = `\u001b[${word.start + 1}G\u001b[K\n${' '.repeat(indent)}`;
      word = { text: word.text + text, start: indent, width: word.width + width };
      column = indent + word.width;
      return eraseWord + word.text;
    }
    // A word longer than a line is left to the terminal to break.
    if (isPastEnd) {
      column = 0;
      endWord();
    }
    column += width;
    word = { text: word.text + text, start: word.start, width: word.width + width };
    return text;
  }

  return {
    /** Returns the text wrapped for a terminal that is `cols` wide. */
    wrap(text: string, cols: number): string {
      let out = '';
      for (const [token] of text.matchAll(TOKENS)) {
        if (token.length > 1 && token.startsWith('\u001b')) {
          word.text += token;
          out += token;
        } else if (token === '\n') {
          indent = 0;
          startLine(0);
          out += token;
        } else if (token === '\t') {
          column = Math.min(cols, (Math.floor(column / TAB_COLUMNS) + 1) * TAB_COLUMNS);
          endWord();
          out += token;
        } else {
          out += token === ' ' ? writeSpace(cols) : writeCharacter(token, cols);
        }
      }
      return out;
    },
    /** Resets the state because the next text starts on a new line. */
    reset(): void {
      indent = 0;
      startLine(0);
    },
  };
}
