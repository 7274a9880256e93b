// A terminal display backed by xterm. xterm slows down with a large backlog and discards input past 50 MB, so each piece
// is written only after the previous one was drawn.
import type { IDecoration, IMarker, Terminal } from '@xterm/xterm';
import { systemClock } from '../protocol/clock.ts';
import { BUFFER_BYTES } from '../protocol/limits.ts';
import type { OutputStream } from '../protocol/entities.ts';
import { type AddressMap, createAddressMap } from './output-address.ts';
import { countLines } from './output-page.ts';
import { createLineCount, type LineCount } from './terminal-line-count.ts';
import { formatMarker, type MarkerTone } from './terminal-markers.ts';
import type { TerminalDisplay } from './terminal-subscription.ts';
import { createThrottle } from './throttle.ts';
import { createWordWrap } from './word-wrap.ts';

/** Chunks are joined up to about this length before they are written. */
const PIECE_LENGTH = 65_536;
/** How long the width must be stable before the output is wrapped again. */
const REFLOW_DELAY_MS = 200;
/** Minimum time between two reports of dropped lines. */
const REPORT_MS = 300;
/** Maximum number of stderr decorations. Each is a DOM element. */
const MAX_DECORATIONS = 300;

/** A chunk within a piece: the line breaks before it, and whether it begins a line. */
interface PieceChunk {
  sequence: number;
  linesBefore: number;
  isLineStart: boolean;
}

type Piece =
  | { kind: 'output'; text: string; stream: OutputStream; lines: number; chunks: PieceChunk[] }
  | { kind: 'marker'; text: string; tone: MarkerTone }
  | { kind: 'clear'; linesBefore: number; staysAtTop: boolean };

export interface XtermDisplay extends TerminalDisplay {
  /** Enables breaking lines between words, for prose. Call before `clear`. */
  setWordWrap(isEnabled: boolean): void;
  readonly lineCount: LineCount;
  /** The addresses of the lines. Empty for wrapped output, whose lines are not those of the program. */
  readonly addresses: AddressMap;
  /** Calls `listener` after each piece of output that was drawn. */
  onDrawn(listener: () => void): void;
  /** Whether the chunk that is being drawn was written before `sequence`. */
  isDrawingBefore(sequence: number): boolean;
}

/**
 * Writes to a terminal.
 * @param onDroppedLines receives the number of lines before the first one that the terminal holds
 */
export function createXtermDisplay(
  terminal: Terminal,
  onDroppedLines: (lines: number) => void,
): XtermDisplay {
  const decorations: IDecoration[] = [];
  const wordWrap = createWordWrap();
  let isWrapping = false;
  let queue: Piece[] = [];
  let isDrawing = false;
  /** Characters queued or being drawn. */
  let backlog = 0;
  let drainListeners: (() => void)[] = [];
  /** The output since the last clear, up to the size of the hub's buffer. Kept only for wrapped output. */
  let drawn: Piece[] = [];
  let drawnLength = 0;
  /** Line breaks in the output that `drawn` no longer contains. */
  let forgottenLines = 0;
  let reflowTimer: ReturnType<typeof setTimeout> | undefined;
  const lineCount = createLineCount(terminal);
  const addresses = createAddressMap();
  const drawnListeners: (() => void)[] = [];
  /** The first chunk of the piece that is being drawn. */
  let drawingSequence = Infinity;
  /** Whether the view is to stay at the top of a page, which is possible once there is more than fits. */
  let staysAtTop = false;
  const reportDropped = createThrottle(systemClock, REPORT_MS, () => {
    onDroppedLines(lineCount.countDropped());
  });

  terminal.onResize(() => {
    clearTimeout(reflowTimer);
    if (isWrapping) reflowTimer = setTimeout(reflow, REFLOW_DELAY_MS);
  });

  function keepDrawn(piece: Piece): void {
    drawn.push(piece);
    drawnLength += getLength(piece);
    while (drawnLength > BUFFER_BYTES) {
      const oldest = drawn.shift();
      drawnLength -= oldest ? getLength(oldest) : drawnLength;
      forgottenLines += oldest?.kind === 'output' ? oldest.lines : 0;
    }
  }

  function resetDrawn(): void {
    drawn = [];
    drawnLength = 0;
  }

  /** Draws everything again for the new width. */
  function reflow(): void {
    backlog += drawnLength;
    queue = [{ kind: 'clear', linesBefore: forgottenLines, staysAtTop }, ...drawn, ...queue];
    resetDrawn();
    if (!isDrawing) drawNext();
  }

  function drawNext(): void {
    const piece = queue.shift();
    isDrawing = piece !== undefined;
    if (!piece) {
      drawingSequence = Infinity;
      return notifyDrained();
    }
    if (isWrapping && piece.kind !== 'clear') keepDrawn(piece);
    switch (piece.kind) {
      case 'clear':
        terminal.reset();
        wordWrap.reset();
        for (const decoration of decorations.splice(0)) decoration.dispose();
        lineCount.reset(piece.linesBefore);
        addresses.clear();
        ({ staysAtTop } = piece);
        reportDropped('');
        return drawNext();
      case 'marker': {
        const isAtLineStart = terminal.buffer.active.cursorX === 0;
        writeToTerminal(formatMarker(piece.text, piece.tone, isAtLineStart), (start) => {
          start?.dispose();
          drawNext();
        });
        wordWrap.reset();
        return undefined;
      }
      case 'output':
        return drawOutput(piece);
      default:
        return piece satisfies never;
    }
  }

  function writeToTerminal(text: string, onDrawn: (from: IMarker | undefined) => void): void {
    const start = terminal.registerMarker(0);
    terminal.write(text, () => {
      lineCount.advance(start, text);
      reportDropped('');
      if (staysAtTop && terminal.buffer.active.baseY > 0) {
        terminal.scrollToTop();
        staysAtTop = false;
      }
      onDrawn(start);
      for (const listener of drawnListeners) listener();
    });
  }

  /** Records where the chunks of a piece begin. */
  function addAddresses({ chunks }: Extract<Piece, { kind: 'output' }>, firstLine: number): void {
    if (isWrapping || terminal.buffer.active.type === 'alternate') return;
    const isAtLineStart = terminal.buffer.normal.cursorX === 0;
    for (const { sequence, linesBefore, isLineStart } of chunks) {
      addresses.add({
        sequence,
        line: firstLine + linesBefore,
        isLineStart: linesBefore === 0 ? isLineStart && isAtLineStart : isLineStart,
      });
    }
  }

  function drawOutput(piece: Extract<Piece, { kind: 'output' }>): void {
    const { text, stream } = piece;
    const wrapped = isWrapping ? wordWrap.wrap(text, terminal.cols) : text;
    drawingSequence = piece.chunks[0]?.sequence ?? Infinity;
    addAddresses(piece, lineCount.getCursorLine());
    writeToTerminal(wrapped, (start) => {
      backlog -= text.length;
      if (stream === 'stderr') decorateLines(start);
      else start?.dispose();
      drawNext();
    });

    /** Marks stderr lines with a bar on the left, which leaves the command's own colors unchanged. */
    function decorateLines(start: IMarker | undefined): void {
      if (!start || start.isDisposed) return;
      const { baseY, cursorY, cursorX } = terminal.buffer.active;
      const height = baseY + cursorY + (cursorX > 0 ? 1 : 0) - start.line;
      if (height < 1) return start.dispose();
      const decoration = terminal.registerDecoration({ marker: start, width: 1, height });
      decoration?.onRender((element) => element.classList.add('stderr-marker'));
      if (decoration) decorations.push(decoration);
      if (decorations.length > MAX_DECORATIONS) decorations.shift()?.dispose();
    }
  }

  function notifyDrained(): void {
    const listeners = drainListeners;
    drainListeners = [];
    for (const listener of listeners) listener();
  }

  function enqueue(piece: Piece): void {
    const last = queue.at(-1);
    if (
      piece.kind === 'output' &&
      last?.kind === 'output' &&
      last.stream === piece.stream &&
      last.text.length < PIECE_LENGTH
    ) {
      const isLineStart = last.text.endsWith('\n');
      for (const { sequence } of piece.chunks) {
        last.chunks.push({ sequence, linesBefore: last.lines, isLineStart });
      }
      last.text += piece.text;
      last.lines += piece.lines;
    } else {
      queue.push(piece);
    }
    if (!isDrawing) drawNext();
  }

  return {
    write(text, stream, sequence) {
      backlog += text.length;
      const chunks = [{ sequence, linesBefore: 0, isLineStart: true }];
      enqueue({ kind: 'output', text, stream, lines: countLines(text), chunks });
    },
    writeMarker: (text, tone) => enqueue({ kind: 'marker', text, tone }),
    clear(page = null) {
      for (const piece of queue) backlog -= getLength(piece);
      queue = [];
      resetDrawn();
      forgottenLines = page?.linesBefore ?? 0;
      enqueue({ kind: 'clear', linesBefore: forgottenLines, staysAtTop: page !== null });
    },
    getCapacity: () => ({
      rows: (terminal.options.scrollback ?? 0) + terminal.rows,
      columns: terminal.cols,
    }),
    setWordWrap(isEnabled) {
      isWrapping = isEnabled;
    },
    lineCount,
    addresses,
    onDrawn: (listener) => void drawnListeners.push(listener),
    isDrawingBefore: (sequence) => drawingSequence < sequence,
    getBacklog: () => backlog,
    onceDrained: (listener) => void drainListeners.push(listener),
  };
}

/** Returns the number of output characters in a piece. */
function getLength(piece: Piece): number {
  return piece.kind === 'output' ? piece.text.length : 0;
}
