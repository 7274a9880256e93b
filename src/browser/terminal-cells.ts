// The text of a terminal's lines, and the cells that its characters are in.
import type { Terminal } from '@xterm/xterm';

/** A position in the buffer. */
export interface Cell {
  row: number;
  column: number;
}

/** A line of the buffer: its text, and the cell of each UTF-16 code unit. */
export interface TextLine {
  firstRow: number;
  lastRow: number;
  text: string;
  cellAt(index: number): Cell;
}

/** Reads the line that a row of the buffer belongs to, with all rows that it is wrapped to. */
export function readTextLine(terminal: Terminal, row: number): TextLine {
  const buffer = terminal.buffer.active;
  let firstRow = row;
  while (firstRow > 0 && buffer.getLine(firstRow)?.isWrapped) firstRow -= 1;
  const cells: Cell[] = [];
  let text = '';
  let at = firstRow;
  do {
    const line = buffer.getLine(at);
    const length = line?.length ?? 0;
    for (let column = 0; column < length; column++) {
      const cell = line?.getCell(column);
      // The second half of a wide character has no width.
      if (!cell || cell.getWidth() === 0) continue;
      const characters = cell.getChars() || ' ';
      for (let unit = 0; unit < characters.length; unit++) cells.push({ row: at, column });
      text += characters;
    }
    at += 1;
  } while (buffer.getLine(at)?.isWrapped);
  const lastRow = at - 1;
  return {
    firstRow,
    lastRow,
    text: text.trimEnd(),
    cellAt: (index) => cells[index] ?? { row: lastRow, column: terminal.cols },
  };
}

/** The number of cells from one position to another. */
export function countCells(terminal: Terminal, from: Cell, to: Cell): number {
  return (to.row - from.row) * terminal.cols + to.column - from.column;
}
