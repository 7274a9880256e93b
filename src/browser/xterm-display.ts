// The screen: xterm, fed one piece at a time. xterm throws input away past 50 MB of backlog and grows slow long before,
// so each piece waits until the one before has been drawn.
import { FitAddon } from '@xterm/addon-fit';
import { type IDecoration, Terminal } from '@xterm/xterm';
import { BUFFER_BYTES } from '../protocol/limits.ts';
import type { OutputStream } from '../protocol/entities.ts';
import { ownLine } from './terminal-markers.ts';
import { createWordWrap } from './word-wrap.ts';
import { followTheme } from './terminal-theme.ts';

const SCROLLBACK_LINES = 50_000;
/** How much is handed to xterm at once. */
const PIECE_LENGTH = 65_536;
/** How long a changed width must last before everything is written anew for it. */
const REWRITE_MS = 200;
/** How many marks of stderr are kept: each is an element. */
const MARKS = 300;

type Piece =
  | { kind: 'output'; text: string; stream: OutputStream }
  | { kind: 'line'; text: string; tone: 'warning' | 'quiet' }
  | { kind: 'clear' };

export interface Screen {
  write(text: string, stream: OutputStream): void;
  /** Writes a line of the page's own. */
  line(text: string, tone: 'warning' | 'quiet'): void;
  /** Empties the screen, and forgets what was not drawn yet. */
  clear(): void;
  /** Whether what comes is text to be read: its lines are then broken between words. Said before `clear`. */
  wrapsWords(yes: boolean): void;
  /** How many characters wait to be drawn. */
  backlog(): number;
}

/** Opens a terminal in `host`. `onDrawn` is called whenever nothing waits any more. */
export function createScreen(host: HTMLElement, onDrawn: () => void): Screen {
  const terminal = openTerminal(host);
  const marks: IDecoration[] = [];
  const words = createWordWrap();
  let queue: Piece[] = [];
  /** What was drawn since the last clearing, where it depends on the width. */
  let drawn: Piece[] = [];
  let drawnLength = 0;
  let wraps = false;
  let waiting = 0;
  let drawing = false;
  let rewrite: ReturnType<typeof setTimeout> | undefined;

  terminal.onResize(() => {
    clearTimeout(rewrite);
    if (wraps) rewrite = setTimeout(drawAnew, REWRITE_MS);
  });

  /** Keeps what was drawn, as much as the hub does. */
  function keep(piece: Piece): void {
    drawn.push(piece);
    drawnLength += lengthOf(piece);
    while (drawnLength > BUFFER_BYTES) {
      const oldest = drawn.shift();
      drawnLength -= oldest ? lengthOf(oldest) : drawnLength;
    }
  }

  function forgetDrawn(): void {
    drawn = [];
    drawnLength = 0;
  }

  /** Writes everything again, for another width. */
  function drawAnew(): void {
    waiting += drawnLength;
    queue = [{ kind: 'clear' }, ...drawn, ...queue];
    forgetDrawn();
    if (!drawing) draw();
  }

  function draw(): void {
    const piece = queue.shift();
    drawing = piece !== undefined;
    if (!piece) return onDrawn();
    if (wraps && piece.kind !== 'clear') keep(piece);
    switch (piece.kind) {
      case 'clear':
        terminal.reset();
        words.reset();
        for (const mark of marks.splice(0)) mark.dispose();
        return draw();
      case 'line':
        terminal.write(ownLine(piece.text, piece.tone, terminal.buffer.active.cursorX === 0), draw);
        words.reset();
        return undefined;
      case 'output':
        return drawOutput(piece.text, piece.stream);
      default:
        return piece satisfies never;
    }
  }

  function drawOutput(text: string, stream: OutputStream): void {
    const start = stream === 'stderr' ? terminal.registerMarker(0) : undefined;
    terminal.write(wraps ? words.wrap(text, terminal.cols) : text, () => {
      waiting -= text.length;
      if (start) markLines(start.line);
      draw();
    });

    // A thin bar beside the lines, not a colour in them: the program's own colours stay as they are.
    function markLines(from: number): void {
      const { baseY, cursorY, cursorX } = terminal.buffer.active;
      const height = baseY + cursorY + (cursorX > 0 ? 1 : 0) - from;
      if (!start || start.isDisposed || height < 1) return;
      const mark = terminal.registerDecoration({ marker: start, width: 1, height });
      mark?.onRender((element) => element.classList.add('stderr-mark'));
      if (mark) marks.push(mark);
      if (marks.length > MARKS) marks.shift()?.dispose();
    }
  }

  function add(piece: Piece): void {
    const last = queue.at(-1);
    // Small pieces of one stream are drawn together.
    if (
      piece.kind === 'output' &&
      last?.kind === 'output' &&
      last.stream === piece.stream &&
      last.text.length < PIECE_LENGTH
    ) {
      last.text += piece.text;
    } else {
      queue.push(piece);
    }
    if (!drawing) draw();
  }

  return {
    write(text, stream) {
      waiting += text.length;
      add({ kind: 'output', text, stream });
    },
    line: (text, tone) => add({ kind: 'line', text, tone }),
    clear() {
      for (const piece of queue) waiting -= lengthOf(piece);
      queue = [];
      forgetDrawn();
      add({ kind: 'clear' });
    },
    wrapsWords(yes) {
      wraps = yes;
    },
    backlog: () => waiting,
  };
}

/** How many characters of output it is. */
function lengthOf(piece: Piece): number {
  return piece.kind === 'output' ? piece.text.length : 0;
}

function openTerminal(host: HTMLElement): Terminal {
  const style = getComputedStyle(host);
  const terminal = new Terminal({
    allowProposedApi: true,
    convertEol: true,
    disableStdin: true,
    cursorInactiveStyle: 'none',
    cursorStyle: 'bar',
    cursorWidth: 1,
    fontFamily: style.fontFamily,
    fontSize: Number.parseFloat(style.fontSize),
    lineHeight: 1.25,
    minimumContrastRatio: 4.5,
    scrollback: SCROLLBACK_LINES,
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(host);
  // Nothing is typed here: Tab moves on, and the browser's own shortcuts stay the browser's.
  terminal.attachCustomKeyEventHandler(
    (event) => event.key !== 'Tab' && !event.ctrlKey && !event.metaKey,
  );
  new ResizeObserver(() => fit.fit()).observe(host);
  followTheme((theme) => {
    terminal.options.theme = theme;
  });
  return terminal;
}
