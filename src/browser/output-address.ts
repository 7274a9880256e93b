// The address of a line of output: the chunk in which it begins, and how many line breaks of this chunk precede it. It stays
// the same when the hub drops older output, and when a page shows a part of the output only.

export interface LineAddress {
  sequence: number;
  line: number;
}

const HASH = /^#out-(\d{1,15})\.(\d{1,6})$/;

/** Formats an address as the fragment of a URL: `#out-12.3`. */
export function formatAddress({ sequence, line }: LineAddress): string {
  return `#out-${sequence}.${line}`;
}

/** Parses the fragment of a URL. Returns null if it is no address. */
export function parseAddress(hash: string): LineAddress | null {
  const match = HASH.exec(hash);
  return match ? { sequence: Number(match[1]), line: Number(match[2]) } : null;
}

/** Where a chunk begins in a terminal. */
interface ChunkStart {
  sequence: number;
  /** The line of the terminal in which the chunk begins. */
  line: number;
  isLineStart: boolean;
}

export type AddressMap = ReturnType<typeof createAddressMap>;

/** Creates the map between the lines of a terminal and their addresses. */
export function createAddressMap() {
  let starts: ChunkStart[] = [];

  /** The index of the last chunk for which `isBefore` is true; -1 if there is none. */
  function findLastIndex(isBefore: (start: ChunkStart) => boolean): number {
    let [low, high] = [0, starts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const start = starts[middle];
      if (start && isBefore(start)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  return {
    clear(): void {
      starts = [];
    },
    /** Adds a chunk that was drawn. Lines that it writes again, as progress bars do, belong to it. */
    add(start: ChunkStart): void {
      while ((starts.at(-1)?.line ?? -1) > start.line) starts.pop();
      starts.push(start);
    },
    /** The address of a line of the terminal. */
    toAddress(line: number): LineAddress | undefined {
      let index = findLastIndex((start) => start.line <= line);
      const isWithinLine = (start: ChunkStart | undefined) =>
        start !== undefined && start.line === line && !start.isLineStart;
      while (index > 0 && isWithinLine(starts[index])) index -= 1;
      const start = starts[index];
      return start && { sequence: start.sequence, line: line - start.line };
    },
    /** The line of the terminal at an address. Returns undefined if the terminal has no chunk so early. */
    toLine({ sequence, line }: LineAddress): number | undefined {
      const start = starts[findLastIndex((candidate) => candidate.sequence <= sequence)];
      return start && start.line + (start.sequence === sequence ? line : 0);
    },
    /** Whether the chunk of an address was drawn. */
    has: ({ sequence }: LineAddress): boolean =>
      (starts[0]?.sequence ?? Infinity) <= sequence && (starts.at(-1)?.sequence ?? -1) >= sequence,
  };
}
