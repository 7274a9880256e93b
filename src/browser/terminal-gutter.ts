// The column with the time of each line, which is a link to the line.
import type { Terminal } from '@xterm/xterm';
import { formatAddress, type LineAddress } from './output-address.ts';
import type { XtermDisplay } from './xterm-display.ts';

/** When chunks were received, by sequence. */
export interface ChunkTimes {
  get(sequence: number): number | undefined;
}

export interface GutterOptions {
  terminal: Terminal;
  display: XtermDisplay;
  gutter: HTMLElement;
  times: ChunkTimes;
  /** Returns the URL of a line. */
  linkTo(address: LineAddress): string;
}

const format = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

/** Returns a function that draws the visible part of the column. */
export function createGutter({ terminal, display, gutter, times, linkTo }: GutterOptions) {
  function createEntry(row: number, address: LineAddress, cellHeight: number): HTMLElement {
    const entry = document.createElement('a');
    const time = times.get(address.sequence);
    entry.textContent = time === undefined ? '·' : format.format(time);
    entry.href = linkTo(address);
    entry.title = `${time === undefined ? '' : new Date(time).toLocaleString()} Link to this line`;
    entry.dataset['address'] = formatAddress(address);
    entry.style.top = `${row * cellHeight}px`;
    entry.style.height = entry.style.lineHeight = `${cellHeight}px`;
    return entry;
  }

  function draw(): void {
    if (gutter.hidden) return;
    const { viewportY, type } = terminal.buffer.active;
    if (type === 'alternate') return gutter.replaceChildren();
    const screen = terminal.element?.querySelector<HTMLElement>('.xterm-screen');
    const cellHeight = (screen?.clientHeight ?? 0) / terminal.rows;
    const entries: HTMLElement[] = [];
    let line = display.lineCount.getLine(viewportY);
    for (let row = 0; row < terminal.rows; row++) {
      const text = terminal.buffer.normal.getLine(viewportY + row);
      if (!text || viewportY + row > display.lineCount.getLastRow()) break;
      if (text.isWrapped) continue;
      if (row > 0) line += 1;
      const address = display.addresses.toAddress(line);
      if (address) entries.push(createEntry(row, address, cellHeight));
    }
    gutter.replaceChildren(...entries);
  }

  terminal.onRender(draw);
  return draw;
}
