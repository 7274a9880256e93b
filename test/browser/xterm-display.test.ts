// What a terminal shows while output is being drawn.
import { expect, test } from 'bun:test';
import type { Terminal } from '@xterm/xterm';
import { createXtermDisplay } from '../../src/browser/xterm-display.ts';

const ROWS = 10;

/** A terminal that follows its end until it is scrolled up. It draws when the test says so. */
function createManualTerminal() {
  const drawings: (() => void)[] = [];
  let lines = 0;
  const active = {
    type: 'normal',
    cursorX: 0,
    get baseY() {
      return Math.max(0, lines + 1 - ROWS);
    },
    get cursorY() {
      return Math.min(lines, ROWS - 1);
    },
    get length() {
      return Math.max(ROWS, lines + 1);
    },
    getLine: () => ({ isWrapped: false }),
  };
  let isFollowing = true;
  const terminal = {
    rows: ROWS,
    cols: 80,
    options: { scrollback: 1_000 },
    buffer: { active, normal: active },
    onResize: () => undefined,
    registerMarker: () => ({ line: lines, isDisposed: false, dispose: () => undefined }),
    reset() {
      lines = 0;
      isFollowing = true;
    },
    scrollToTop() {
      isFollowing = active.baseY === 0;
    },
    write(text: string, onDrawn: () => void) {
      drawings.push(() => {
        lines += text.split('\n').length - 1;
        onDrawn();
      });
    },
  };
  return {
    terminal: terminal as unknown as Terminal,
    /** Draws what was written first. */
    draw: () => drawings.shift()?.(),
    isFollowing: () => isFollowing,
  };
}

test('a page stays at its top if it replaces output that is being drawn', () => {
  const { terminal, draw, isFollowing } = createManualTerminal();
  const display = createXtermDisplay(terminal, () => undefined);
  display.write('line\n'.repeat(50), 'stdout', 50);
  display.clear({ linesBefore: 0 });
  draw();
  display.write('first\n', 'stdout', 0);
  draw();
  display.write('line\n'.repeat(50), 'stdout', 1);
  draw();
  expect(isFollowing()).toBe(false);
  expect(display.addresses.toLine({ sequence: 1, line: 2 })).toBe(3);
});

test('the end of the output is followed if it replaces a page that is being drawn', () => {
  const { terminal, draw, isFollowing } = createManualTerminal();
  const display = createXtermDisplay(terminal, () => undefined);
  display.clear({ linesBefore: 0 });
  display.write('line\n'.repeat(50), 'stdout', 0);
  display.clear();
  draw();
  display.write('line\n'.repeat(50), 'stdout', 0);
  draw();
  expect(isFollowing()).toBe(true);
});
