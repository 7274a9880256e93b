// Numbers the lines of a terminal's output from 0, dropped ones included. xterm does not report what it drops from its
// scrollback. A line that is wrapped to several rows counts once.
import type { IMarker, Terminal } from '@xterm/xterm';
import { countLines } from './output-page.ts';

export type LineCount = ReturnType<typeof createLineCount>;

/** Creates the count of one terminal. */
export function createLineCount(terminal: Terminal) {
  /** The number of lines before the cursor, dropped ones included. */
  let linesBeforeCursor = 0;
  let linesBeforeStart = 0;

  const getCursorRow = () => {
    const { baseY, cursorY } = terminal.buffer.normal;
    return baseY + cursorY;
  };

  /** Counts the lines that begin after row `from` and not after row `to`. */
  function countStarts(from: number, to: number): number {
    const buffer = terminal.buffer.normal;
    let count = 0;
    for (let row = from + 1; row <= to; row++) if (!buffer.getLine(row)?.isWrapped) count += 1;
    return count;
  }

  return {
    /** Starts again with an empty terminal. `lines` are the lines before the output that follows. */
    reset(lines: number): void {
      linesBeforeStart = lines;
      linesBeforeCursor = lines;
    },
    /** Counts a text that was written. `start` marks the cursor's row before it. */
    advance(start: IMarker | undefined, text: string): void {
      if (terminal.buffer.active.type === 'alternate') return;
      const row = getCursorRow();
      // The row before the text may have been dropped with it.
      if (!start || start.isDisposed) linesBeforeCursor += countLines(text);
      else if (row >= start.line) linesBeforeCursor += countStarts(start.line, row);
      else linesBeforeCursor -= countStarts(row, start.line);
    },
    /** The number of the line that the cursor is in. */
    getCursorLine: () => linesBeforeCursor,
    /** The row of the cursor. */
    getLastRow: getCursorRow,
    /** The number of the line that a row belongs to. */
    getLine(row: number): number {
      const cursorRow = getCursorRow();
      const distance = countStarts(Math.min(row, cursorRow), Math.max(row, cursorRow));
      return row <= cursorRow ? linesBeforeCursor - distance : linesBeforeCursor + distance;
    },
    /** The row that a line begins in. Returns undefined if the terminal has dropped it, or has not drawn it. */
    findRow(line: number): number | undefined {
      const buffer = terminal.buffer.normal;
      let row = getCursorRow();
      for (let at = linesBeforeCursor; row >= 0; row--) {
        if (buffer.getLine(row)?.isWrapped) continue;
        if (at === line) return row;
        if (at < line) return undefined;
        at -= 1;
      }
      return undefined;
    },
    /** Returns the number of lines before the first one that the terminal holds. */
    countDropped(): number {
      const { length } = terminal.buffer.normal;
      const isFull = length >= (terminal.options.scrollback ?? 0) + terminal.rows;
      if (!isFull) return linesBeforeStart;
      return Math.max(linesBeforeStart, linesBeforeCursor - countStarts(0, getCursorRow()));
    },
  };
}
