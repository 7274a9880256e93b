// Makes a terminal as high as its content, up to the height of its frame. It keeps its rows, and hides those that are empty.
import type { Terminal } from '@xterm/xterm';

/** The rows from the top to the last one that is in use. */
function countUsedRows(terminal: Terminal): number {
  const buffer = terminal.buffer.active;
  if (buffer.type === 'alternate' || buffer.baseY > 0) return terminal.rows;
  let row = terminal.rows - 1;
  while (row > buffer.cursorY && !buffer.getLine(row)?.translateToString(true)) row -= 1;
  const isLastRowEmpty = row === buffer.cursorY && buffer.cursorX === 0;
  return row + (isLastRowEmpty ? 0 : 1);
}

/**
 * Keeps the height of `host` up to date. Its frame has the full height. `keepCursorRow` adds the row of the cursor, also
 * when it is empty.
 */
export function followHeight(
  terminal: Terminal,
  host: HTMLElement,
  keepCursorRow: () => boolean,
): () => void {
  const update = () => {
    const screen = terminal.element?.querySelector<HTMLElement>('.xterm-screen');
    const cell = (screen?.clientHeight ?? 0) / terminal.rows;
    const used = countUsedRows(terminal);
    const rows = Math.max(
      1,
      keepCursorRow() ? Math.max(used, terminal.buffer.active.cursorY + 1) : used,
    );
    const { paddingTop, paddingBottom } = getComputedStyle(host);
    const padding = Number.parseFloat(paddingTop) + Number.parseFloat(paddingBottom);
    const isFull = rows >= terminal.rows;
    host.style.height = isFull ? '' : `${Math.ceil(rows * cell + padding)}px`;
    host.toggleAttribute('data-full', isFull);
  };
  terminal.onRender(update);
  terminal.onResize(update);
  return update;
}
