// Shows a line of the output in a terminal: scrolls to it, and marks the line or a match in it.
import type { IDecoration, Terminal } from '@xterm/xterm';
import type { LineAddress } from './output-address.ts';
import type { Matcher, MatchRange } from './output-search.ts';
import { countCells, readTextLine, type TextLine } from './terminal-cells.ts';
import type { XtermDisplay } from './xterm-display.ts';

/** Lines that programs have rewritten are searched in this many rows around. */
const NEAR_ROWS = 60;
/** The matches that are marked in the visible part. */
const MAX_MARKED = 300;

/** The match to select: the one with this index in its line. */
export interface RevealMatch {
  matcher: Matcher;
  index: number;
}

export function createReveal(terminal: Terminal, display: XtermDisplay) {
  let lineMark: IDecoration | undefined;
  const marks: IDecoration[] = [];
  let markTimer: ReturnType<typeof setTimeout> | undefined;

  /** Finds the row at or near `row` whose line has a match. */
  function findMatch(row: number, { matcher, index }: RevealMatch) {
    for (let distance = 0; distance <= NEAR_ROWS; distance++) {
      for (const at of distance === 0 ? [row] : [row - distance, row + distance]) {
        if (at < 0 || at >= terminal.buffer.active.length) continue;
        const line = readTextLine(terminal, at);
        const ranges = matcher(line.text);
        const range = ranges[index] ?? ranges.at(-1);
        if (range) return { line, range };
      }
    }
    return undefined;
  }

  function scrollTo(row: number): void {
    const { viewportY } = terminal.buffer.active;
    const isVisible = row >= viewportY + 1 && row < viewportY + terminal.rows - 1;
    if (!isVisible) terminal.scrollToLine(Math.max(0, row - Math.floor(terminal.rows / 3)));
  }

  function select(line: TextLine, { start, end }: MatchRange): void {
    const [from, to] = [line.cellAt(start), line.cellAt(end)];
    terminal.select(from.column, from.row, countCells(terminal, from, to));
    scrollTo(from.row);
  }

  function decorate(row: number, x: number, width: number, className: string) {
    const { baseY, cursorY } = terminal.buffer.active;
    const marker = terminal.registerMarker(row - baseY - cursorY);
    const decoration = terminal.registerDecoration({ marker, x, width });
    decoration?.onRender((element) => element.classList.add(className));
    decoration?.onDispose(() => marker.dispose());
    return decoration;
  }

  function clearMarks(): void {
    for (const mark of marks.splice(0)) mark.dispose();
  }

  /** Marks all matches that are visible. */
  function markVisible(matcher: Matcher | null): void {
    clearMarks();
    if (!matcher) return;
    const { viewportY } = terminal.buffer.active;
    let row = viewportY;
    while (row < viewportY + terminal.rows && marks.length < MAX_MARKED) {
      const line = readTextLine(terminal, row);
      for (const { start, end } of matcher(line.text).slice(0, MAX_MARKED)) {
        const [from, to] = [line.cellAt(start), line.cellAt(end)];
        const width = from.row === to.row ? to.column - from.column : terminal.cols - from.column;
        const mark = decorate(from.row, from.column, Math.max(1, width), 'terminal-match');
        if (mark) marks.push(mark);
      }
      row = line.lastRow + 1;
    }
  }

  return {
    /** Shows a line, or the match in it. Returns false if the terminal does not hold it. */
    show(address: LineAddress, match?: RevealMatch): boolean {
      if (!display.addresses.has(address)) return false;
      const line = display.addresses.toLine(address);
      const row = line === undefined ? undefined : display.lineCount.findRow(line);
      if (row === undefined) return false;
      const found = match && findMatch(row, match);
      if (found) select(found.line, found.range);
      else scrollTo(row);
      if (!match) {
        lineMark?.dispose();
        lineMark = decorate(row, 0, terminal.cols, 'terminal-linked-line');
      }
      return true;
    },
    /** Marks all visible matches, now and a moment after the view has changed. */
    scheduleMarks(getMatcher: () => Matcher | null): void {
      clearTimeout(markTimer);
      markTimer = setTimeout(() => markVisible(getMatcher()), 60);
    },
    clear(): void {
      lineMark?.dispose();
      clearMarks();
    },
  };
}
