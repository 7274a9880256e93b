// Renders output that was written for a terminal as lines of styled text. Programs overwrite what they have written, so
// this follows the cursor as a terminal does, within the last lines. Libraries that only convert colors show each state
// of a progress bar; a whole terminal per command takes megabytes for its grid.
import { toWebUrl } from './links.ts';
import { applySgr, plainStyle, type Style } from './terminal-style.ts';

/** Consecutive characters of one style. */
export interface Run {
  text: string;
  style: Style;
}

export interface Line {
  runs: Run[];
  /** Whether it contains text of stderr. */
  isError: boolean;
  /** The number of characters that are left out at its end. */
  cut?: number;
  /** Whether it is about the output instead of a part of it. */
  isMarker?: boolean;
}

/** The lines that are kept of long output: the first ones, and the last ones. */
export interface LineRange {
  from: number;
  to: number;
  last: number;
  /** The characters of a line that are kept. */
  length: number;
}

/** Lines this far above the last one do not change any more. The largest terminals have fewer rows. */
const LIVE_LINES = 256;
/**
 * The rows of the terminal that commands run in (src/agent/shell/terminal.ts). Interactive ones follow a window: a program
 * that moves the cursor further has more.
 */
const ROWS = 24;
/** A column beyond which the cursor does not move, so that no line becomes long without text. */
const MAX_COLUMN = 4_096;
const TAB_COLUMNS = 8;

/* eslint-disable no-control-regex */
/** Text; a control sequence; another escape sequence; a string that is not shown, such as a title; a control character. */
const TOKEN =
  /[^\u0000-\u001f\u007f\u0080-\u009f]+|\u001b\[([0-?]*)([ -/]*[@-~])|\u001b[\]PX^_][^]*?(?:\u0007|\u001b\\)|\u001b[ -/]*[0-OQ-WYZ\\`-~]|[^]/gu;
/** A link: its target, which is empty at its end. */
const LINK = /^\u001b\]8;[^;]*;([^]*?)(?:\u0007|\u001b\\)$/;
/** The beginning of a sequence whose rest has not arrived. */
const INCOMPLETE = /\u001b(?:\[[0-?]*[ -/]*|[\]PX^_][^\u0007\u001b]{0,4096}\u001b?|[ -/]*)?$/;
/* eslint-enable no-control-regex */

/** A line that can still change: as runs while text is only appended, then as cells. */
interface LiveLine {
  runs: Run[];
  /** The number of characters. */
  length: number;
  cells: { characters: string[]; styles: Style[] } | null;
  isError: boolean;
  isMarker: boolean;
}

/**
 * Creates a renderer.
 * @param range the lines to return; null for all
 * @param isInteractive whether the output may be that of an interactive terminal. There, a line feed keeps the column if the
 *   output begins with lines that end with CRLF.
 */
export function createTerminalText(range: LineRange | null = null, isInteractive = false) {
  /** The lines that can still change; the first one is number `live0`. */
  let live: LiveLine[] = [createLine()];
  let live0 = 0;
  const first: Line[] = [];
  let last: Line[] = [];
  let style: Style = plainStyle;
  let row = 0;
  let column = 0;
  /** The line at the top of the screen. */
  let top = 0;
  let rows = ROWS;
  let isAlternate = false;
  /** Whether a line feed alone keeps the column; null before the first one. */
  let keepsColumn: boolean | null = isInteractive ? null : false;
  let isAfterReturn = false;
  let saved = { row: 0, column: 0 };
  const rests = { stdout: '', stderr: '' };

  /** Returns the style after an SGR sequence. `ESC [ > … m` is about the keyboard. */
  function styleAfter(parameters: string): Style {
    if (/^[<=>?]/.test(parameters)) return style;
    return withLink(applySgr(style, parameters), style.link);
  }

  function withLink({ foreground, background, flags }: Style, link: string | undefined): Style {
    return intern({ foreground, background, flags, ...(link !== undefined && { link }) });
  }

  /** Equal styles are one object, so that they make one run. */
  const styles = new Map<string, Style>([[JSON.stringify(plainStyle), plainStyle]]);

  function intern(one: Style): Style {
    const key = JSON.stringify(one);
    const known = styles.get(key);
    if (known) return known;
    styles.set(key, one);
    return one;
  }

  const countLines = () => live0 + live.length;

  function settle(line: LiveLine, number: number): void {
    if (range === null || (number >= range.from && number < range.to))
      first.push(cutLine(toLine(line), range?.length ?? Infinity));
    else if (number >= range.to && range.last > 0) {
      last.push(cutLine(toLine(line), range.length));
      if (last.length > 2 * range.last) last = last.slice(-range.last);
    }
  }

  /** Notes that the terminal has at least `count` rows. What was written last is at its bottom. */
  function growTo(count: number): void {
    if (count <= rows || count > LIVE_LINES) return;
    top = Math.max(live0, Math.min(top, top + rows - count));
    rows = count;
  }

  function moveUp(by: number): void {
    growTo(top + rows - Math.max(0, row - by));
    moveTo(row - by);
  }

  function moveDown(by: number): void {
    moveTo(Math.min(row + by, top + rows - 1));
  }

  /** Moves to a row of the screen, from 1. */
  function moveToScreenRow(target: number): void {
    growTo(target);
    moveTo(top + Math.min(target, rows) - 1);
  }

  /** Moves to a row, adding lines as needed. */
  function moveTo(target: number): void {
    row = Math.max(live0, top, target);
    while (countLines() <= row) live.push(createLine());
    top = Math.max(top, row - rows + 1);
    while (live.length > LIVE_LINES) {
      const line = live.shift();
      if (line) settle(line, live0);
      live0 += 1;
    }
  }

  function lineAt(target: number): LiveLine {
    return live[target - live0] ?? createLine();
  }

  function write(text: string, isError: boolean): void {
    const line = lineAt(row);
    line.isError ||= isError;
    if (line.cells === null && column === line.length) {
      const run = line.runs.at(-1);
      if (run?.style === style) run.text += text;
      else line.runs.push({ text, style });
      // eslint-disable-next-line no-control-regex
      line.length += /^[\u0000-\u007f]*$/.test(text) ? text.length : Array.from(text).length;
      column = line.length;
      return;
    }
    const { characters, styles: cellStyles } = toCells(line);
    while (characters.length < column) {
      characters.push(' ');
      cellStyles.push(plainStyle);
    }
    for (const character of text) {
      characters[column] = character;
      cellStyles[column] = style;
      column += 1;
    }
    line.length = characters.length;
  }

  function erase(line: LiveLine, from: number, to: number): void {
    if (from >= line.length) return;
    const { characters, styles: cellStyles } = toCells(line);
    if (to >= line.length) {
      characters.length = from;
      cellStyles.length = from;
      line.length = from;
      return;
    }
    characters.fill(' ', from, to);
    cellStyles.fill(plainStyle, from, to);
  }

  function eraseScreen(kind: number): void {
    const [from, to] =
      kind === 0 ? [row + 1, countLines()] : [top, kind === 1 ? row : countLines()];
    for (let at = Math.max(from, live0); at < to; at++) erase(lineAt(at), 0, Infinity);
    if (kind === 0) erase(lineAt(row), column, Infinity);
    if (kind === 1) erase(lineAt(row), 0, column + 1);
  }

  const setColumn = (to: number) => {
    column = Math.min(MAX_COLUMN, Math.max(0, to));
  };

  function control(parameters: string, final: string): void {
    if (final === 'm') {
      const isPlain = style.link === undefined && (parameters === '' || parameters === '0');
      style = isPlain ? plainStyle : styleAfter(parameters);
      return;
    }
    if (/^\?(?:47|1047|1049)$/.test(parameters) && (final === 'h' || final === 'l')) {
      isAlternate = final === 'h';
      return;
    }
    if (isAlternate || /^[<=>?]/.test(parameters)) return;
    const [a = 0, b = 0] = parameters
      .split(';')
      .map((text) => Math.min(Number(text) || 0, MAX_COLUMN));
    const n = Math.max(1, a);
    if (final === 'A' || final === 'F') moveUp(n);
    if (final === 'B' || final === 'e' || final === 'E') moveDown(n);
    if (final === 'C' || final === 'a') setColumn(column + n);
    if (final === 'D') setColumn(column - n);
    if (final === 'E' || final === 'F') column = 0;
    if (final === 'G' || final === '`') setColumn(n - 1);
    if (final === 'd') moveToScreenRow(n);
    if (final === 'H' || final === 'f') {
      moveToScreenRow(n);
      setColumn(Math.max(1, b) - 1);
    }
    if (final === 'K') {
      const line = lineAt(row);
      erase(line, a === 0 ? column : 0, a === 1 ? column + 1 : Infinity);
    }
    if (final === 'J') eraseScreen(a);
    if (final === 'P') {
      const line = lineAt(row);
      const cells = toCells(line);
      cells.characters.splice(column, n);
      cells.styles.splice(column, n);
      line.length = cells.characters.length;
    }
    if (final === 'X') erase(lineAt(row), column, column + n);
    if (final === 's') saved = { row, column };
    if (final === 'u') restore();
  }

  function setLink(token: string): void {
    style = withLink(style, toWebUrl(LINK.exec(token)?.[1] ?? '') ?? undefined);
  }

  function restore(): void {
    moveTo(saved.row);
    setColumn(saved.column);
  }

  function handleCharacter(character: string): void {
    if (character === '\n' || character === '\v' || character === '\f') {
      keepsColumn ??= isAfterReturn;
      moveTo(row + 1);
      if (!keepsColumn) column = 0;
    }
    if (character === '\r') column = 0;
    isAfterReturn = character === '\r';
    if (character === '\b') setColumn(column - 1);
    if (character === '\t') setColumn((Math.floor(column / TAB_COLUMNS) + 1) * TAB_COLUMNS);
  }

  return {
    /** Adds output of a stream. A sequence may be cut off at its end. */
    add(data: string, stream: 'stdout' | 'stderr'): void {
      const text = rests[stream] + data;
      const rest = INCOMPLETE.exec(text)?.[0] ?? '';
      rests[stream] = rest;
      for (const match of text.slice(0, text.length - rest.length).matchAll(TOKEN)) {
        const [token, parameters, final] = match;
        if (final !== undefined) control(parameters ?? '', final);
        else if (token === '\u001b7') saved = { row, column };
        else if (token === '\u001b8') restore();
        else if (token === '\u001bM') moveTo(row - 1);
        else if (token.startsWith('\u001b]8;')) setLink(token);
        else if (token.startsWith('\u001b') || isAlternate) continue;
        else if (token >= ' ' && token !== '\u007f' && !(token >= '\u0080' && token <= '\u009f')) {
          isAfterReturn = false;
          write(token, stream === 'stderr');
        } else handleCharacter(token);
      }
    },
    /** Adds a line of its own about the output. */
    addMarker(text: string): void {
      moveTo(column > 0 || lineAt(row).length > 0 ? countLines() : row);
      column = 0;
      style = plainStyle;
      write(text, false);
      lineAt(row).isMarker = true;
      moveTo(countLines());
      column = 0;
    },
    /** Returns the lines of the range: the first ones, the last ones, and how many there are in all. */
    finish(): { first: Line[]; last: Line[]; total: number } {
      while (live.length > 0 && live.at(-1)?.length === 0) live.pop();
      for (const [index, line] of live.entries()) settle(line, live0 + index);
      const total = countLines();
      live = [];
      live0 = total;
      return { first, last: range ? last.slice(-range.last || last.length) : [], total };
    },
  };
}

function createLine(): LiveLine {
  return { runs: [], length: 0, cells: null, isError: false, isMarker: false };
}

function toCells(line: LiveLine) {
  line.cells ??= {
    characters: line.runs.flatMap(({ text }) => Array.from(text)),
    styles: line.runs.flatMap(({ text, style }) => Array.from(text, () => style)),
  };
  return line.cells;
}

function toLine({ runs, cells, isError, isMarker }: LiveLine): Line {
  const marker = isMarker && { isMarker };
  if (cells === null) return { runs, isError, ...marker };
  const { characters, styles } = cells;
  const merged: Run[] = [];
  let start = 0;
  for (let end = 1; end <= characters.length; end++) {
    if (end < characters.length && styles[end] === styles[start]) continue;
    const text = characters.slice(start, end).join('');
    merged.push({ text, style: styles[start] ?? plainStyle });
    start = end;
  }
  return { runs: merged, isError, ...marker };
}

function cutLine(line: Line, length: number): Line {
  const kept: Run[] = [];
  let at = 0;
  for (const run of line.runs) {
    if (at < length) kept.push({ ...run, text: run.text.slice(0, length - at) });
    at += run.text.length;
  }
  return at > length ? { ...line, runs: kept, cut: at - length } : line;
}
