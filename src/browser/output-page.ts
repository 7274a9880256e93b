// A page of output: as many lines from a sequence on as a terminal can hold. Shown instead of the end of the output when
// the user loads lines again that the terminal has dropped.

export interface OutputPage {
  /** Number of lines before the page. */
  readonly linesBefore: number;
  /** Number of lines in each chunk of the page. */
  readonly chunkLines: number[];
  /** Number of terminal rows that the page takes, or fewer. */
  rows: number;
  /** Whether the next chunk did not fit. */
  isFull: boolean;
}

/** The size of a terminal, with its scrollback. */
export interface TerminalCapacity {
  rows: number;
  columns: number;
}

/** Rows that are left for markers. */
const RESERVED_ROWS = 100;

/** Creates an empty page. */
export function createOutputPage(linesBefore: number): OutputPage {
  return { linesBefore, chunkLines: [], rows: 0, isFull: false };
}

/** Adds a chunk to a page. Returns false if it does not fit, and then the page is full. */
export function addToPage(page: OutputPage, text: string, capacity: TerminalCapacity): boolean {
  const lines = countLines(text);
  const rows = lines + Math.ceil(text.length / capacity.columns);
  if (page.rows > 0 && page.rows + rows > capacity.rows - RESERVED_ROWS) {
    page.isFull = true;
    return false;
  }
  page.chunkLines.push(lines);
  page.rows += rows;
  return true;
}

/**
 * Returns the page after a full one, and how many of the last chunks it repeats. It repeats one, because chunks are cut
 * within lines.
 */
export function createNextPage({ linesBefore, chunkLines }: OutputPage): {
  page: OutputPage;
  repeated: number;
} {
  const repeated = chunkLines.length > 1 ? 1 : 0;
  const passed = chunkLines.slice(0, chunkLines.length - repeated);
  const lines = passed.reduce((sum, count) => sum + count, linesBefore);
  return { page: createOutputPage(lines), repeated };
}

/** Counts the line breaks in a text. */
export function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
