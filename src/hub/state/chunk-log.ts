// The chunks of one command, stored compactly. A chunk as an object costs about 140 bytes in addition to its text, so a
// program that prints single characters would need a hundred times the memory of its output. Chunks are therefore kept
// in pages, and a page of small chunks is packed into one string and typed arrays once it is full.
import type { StoredChunk } from '../../store/store.ts';

const PAGE_CHUNKS = 256;
/** Pages with less text than this are packed. In larger pages, the text needs much more memory than the objects. */
const PACK_BELOW_LENGTH = 65_536;
/** The memory of one chunk in addition to its text, in bytes: packed, and as an object. */
const PACKED_BYTES = 24;
const OBJECT_BYTES = 140;
/** Memory of a page's byte offsets. */
const OFFSETS_BYTES = PAGE_CHUNKS * 8;
/** Dropped pages whose byte offsets are kept for every chunk. Of older pages only the first offset is kept. */
const EXACT_DROPPED_PAGES = 1_024;

interface Packed {
  text: string;
  /** End of each chunk in `text`. */
  ends: Uint32Array;
  timestamps: Float64Array;
  isStderr: Uint8Array;
  /** Lost bytes by position, for the few chunks that are gaps. */
  lostBytes: Map<number, number>;
}

interface Page {
  readonly firstSequence: number;
  readonly firstOffset: number;
  /** The byte offset of each chunk; null for old dropped pages. */
  offsets: Float64Array | null;
  count: number;
  chunks: (StoredChunk | undefined)[];
  packed: Packed | null;
}

/** Creates an empty log whose first chunk will have the sequence `firstSequence`. */
export function createChunkLog(firstSequence: number) {
  const pages: Page[] = [];
  /** Index of the first page with held chunks. */
  let heldPage = 0;
  let first = firstSequence;
  let next = firstSequence;
  let heldCount = 0;
  let memoryBytes = 0;

  function pageOf(sequence: number): Page | undefined {
    return pages[Math.floor((sequence - firstSequence) / PAGE_CHUNKS)];
  }

  function push(chunk: StoredChunk) {
    let page = pages.at(-1);
    if (!page || page.count === PAGE_CHUNKS) {
      page = {
        firstSequence: next,
        firstOffset: chunk.offset,
        offsets: new Float64Array(PAGE_CHUNKS),
        count: 0,
        chunks: [],
        packed: null,
      };
      pages.push(page);
      memoryBytes += OFFSETS_BYTES;
    }
    if (page.offsets) page.offsets[page.count] = chunk.offset;
    page.chunks.push(chunk);
    page.count += 1;
    next += 1;
    heldCount += 1;
    memoryBytes += OBJECT_BYTES;
    if (page.count === PAGE_CHUNKS) pack(page);
  }

  function pack(page: Page) {
    const chunks = page.chunks.filter((chunk) => chunk !== undefined);
    if (chunks.length < PAGE_CHUNKS) return;
    if (chunks.reduce((sum, { data }) => sum + data.length, 0) >= PACK_BELOW_LENGTH) return;
    const ends = new Uint32Array(PAGE_CHUNKS);
    const lostBytes = new Map<number, number>();
    let end = 0;
    chunks.forEach((chunk, position) => {
      end += chunk.data.length;
      ends[position] = end;
      if (chunk.lostBytes > 0 || chunk.data === '') lostBytes.set(position, chunk.lostBytes);
    });
    page.packed = {
      // A Buffer round trip flattens the string: a rope would keep every piece in memory.
      text: Buffer.from(chunks.map(({ data }) => data).join(''), 'utf16le').toString('utf16le'),
      ends,
      timestamps: Float64Array.from(chunks, ({ timestamp }) => timestamp),
      isStderr: Uint8Array.from(chunks, ({ type }) => (type === 'stderr' ? 1 : 0)),
      lostBytes,
    };
    page.chunks = [];
    memoryBytes -= PAGE_CHUNKS * (OBJECT_BYTES - PACKED_BYTES);
  }

  function get(sequence: number): StoredChunk | undefined {
    if (sequence < first || sequence >= next) return undefined;
    const page = pageOf(sequence);
    if (!page) return undefined;
    const position = sequence - page.firstSequence;
    if (!page.packed) return page.chunks[position];
    const { text, ends, timestamps, isStderr, lostBytes } = page.packed;
    return {
      sequence,
      type: isStderr[position] === 1 ? 'stderr' : 'stdout',
      data: text.slice(position === 0 ? 0 : ends[position - 1], ends[position]),
      timestamp: timestamps[position] ?? 0,
      offset: page.offsets?.[position] ?? page.firstOffset,
      lostBytes: lostBytes.get(position) ?? 0,
    };
  }

  /** Drops the oldest chunk and returns it. */
  function shift(): StoredChunk | undefined {
    const oldest = get(first);
    const page = pages[heldPage];
    if (!oldest || !page) return undefined;
    memoryBytes -= page.packed ? PACKED_BYTES : OBJECT_BYTES;
    if (!page.packed) page.chunks[first - page.firstSequence] = undefined;
    first += 1;
    heldCount -= 1;
    if (first === page.firstSequence + PAGE_CHUNKS) {
      page.chunks = [];
      page.packed = null;
      heldPage += 1;
      const outdated = pages[heldPage - EXACT_DROPPED_PAGES - 1];
      if (outdated?.offsets) {
        outdated.offsets = null;
        memoryBytes -= OFFSETS_BYTES;
      }
    }
    return oldest;
  }

  return {
    push,
    shift,
    get,
    /** The sequence of the oldest held chunk, or the next one if none is held. */
    firstSequence: () => first,
    nextSequence: () => next,
    get length() {
      return heldCount;
    },
    /** Memory used in addition to the text, in bytes. */
    get overheadBytes() {
      return memoryBytes;
    },
    /**
     * The byte offset of a chunk, held or dropped. For a chunk in a page that was dropped long ago, the offset of the
     * page's first chunk.
     */
    offsetOf(sequence: number): number | undefined {
      const page = pageOf(sequence);
      if (!page || sequence >= next) return undefined;
      return page.offsets?.[sequence - page.firstSequence] ?? page.firstOffset;
    },
    /** The held chunks in order. */
    *values(): Generator<StoredChunk> {
      for (let sequence = first; sequence < next; sequence += 1) {
        const chunk = get(sequence);
        if (chunk) yield chunk;
      }
    },
  };
}
