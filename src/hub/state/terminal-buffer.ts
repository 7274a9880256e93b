// A command's output as dashboards see it: gathered into chunks, numbered from 0, the last megabyte of it held.
import type { Clock } from '../../protocol/clock.ts';
import type { OutputStream } from '../../protocol/entities.ts';
import { BUFFER_BYTES, CHUNK_BYTES, GATHER_MS } from '../../protocol/limits.ts';
import { byteLength, cut } from '../../protocol/text.ts';
import type { StoredChunk } from '../../store/store.ts';

/** A numbered piece of output (data-model.md, "OutputChunk"), or of output that an agent had to drop. */
export type OutputChunk = StoredChunk;

/** What a buffer does with what it makes. */
export interface BufferEvents {
  /** A chunk was numbered: show it. Called before the oldest ones are dropped for it. */
  numbered(chunk: OutputChunk): void;
  /** These chunks hold whole agent messages, up to `agentNextSequence`: keep them. */
  kept(chunks: OutputChunk[], agentNextSequence: number, firstSequence: number): void;
  /** Chunks were dropped for the first time. */
  overflowed(): void;
}

export type TerminalBuffer = ReturnType<typeof createTerminalBuffer>;

interface Gathering {
  type: OutputStream;
  text: string;
  bytes: number;
}

/**
 * Makes the TerminalBuffer of one command (data-model.md, "TerminalBuffer"; protocol.md, "Output").
 * @param restored chunks that an earlier run of the hub kept
 * @param agentNextSequence the agent's sequence that comes next
 */
export function createTerminalBuffer(
  commandId: string,
  clock: Clock,
  events: BufferEvents,
  restored: readonly OutputChunk[] = [],
  agentNextSequence = 0,
) {
  const chunks = tailOf(restored);
  const base = chunks[0];
  /** The offset of every chunk since `base`, held or dropped: what a gap weighs is their difference. */
  const offsets = chunks.map(({ offset }) => offset);
  const baseSequence = base?.sequence ?? 0;
  let heldBytes = chunks.reduce((sum, chunk) => sum + byteLength(chunk.data), 0);
  let writtenBytes = endOf(chunks.at(-1));
  let nextSequence = baseSequence + chunks.length;
  let unkept: OutputChunk[] = [];
  /** The agent's sequence up to which all was handed on to be kept. */
  let keptNextSequence = agentNextSequence;
  let gathering: Gathering | null = null;
  let cancelFlush: (() => void) | null = null;
  let lastFlush = 0;
  let overflowed = baseSequence > 0;
  let isComplete = false;
  let lastRead = clock.now();

  function number(type: OutputStream, data: string, lostBytes: number) {
    const chunk = {
      sequence: nextSequence,
      type,
      data,
      timestamp: clock.now(),
      offset: writtenBytes,
      lostBytes,
    };
    const bytes = byteLength(data);
    nextSequence += 1;
    writtenBytes += bytes + lostBytes;
    heldBytes += bytes;
    offsets.push(chunk.offset);
    chunks.push(chunk);
    unkept.push(chunk);
    events.numbered(chunk);
    while (heldBytes > BUFFER_BYTES) dropOldest();
  }

  function dropOldest() {
    const oldest = chunks.shift();
    if (!oldest) return;
    heldBytes -= byteLength(oldest.data);
    if (!overflowed) events.overflowed();
    overflowed = true;
  }

  /** Ends the gathering. What it leaves behind is whole agent messages, so it may be kept. */
  function flush() {
    cancelFlush?.();
    cancelFlush = null;
    if (gathering) {
      const { type, text } = gathering;
      gathering = null;
      lastFlush = clock.now();
      number(type, text, 0);
    }
    // Messages without text leave no chunk, but they too are acknowledged once that is committed.
    if (unkept.length === 0 && agentNextSequence === keptNextSequence) return;
    const whole = unkept;
    unkept = [];
    keptNextSequence = agentNextSequence;
    events.kept(whole, agentNextSequence, firstSequence());
  }

  function gather(type: OutputStream, data: string) {
    if (gathering && gathering.type !== type) flush();
    let text = (gathering?.text ?? '') + data;
    let bytes = (gathering?.bytes ?? 0) + byteLength(data);
    gathering = null;
    while (bytes >= CHUNK_BYTES) {
      const [head, rest] = cut(text, CHUNK_BYTES);
      lastFlush = clock.now();
      number(type, head, 0);
      bytes -= byteLength(head);
      text = rest;
    }
    if (text !== '') gathering = { type, text, bytes };
  }

  function firstSequence(): number {
    return chunks[0]?.sequence ?? nextSequence;
  }

  return {
    commandId,
    get chunks(): readonly OutputChunk[] {
      return chunks;
    },
    /** Bytes held: at most 1 MB. */
    get totalBytes() {
      return heldBytes;
    },
    /** Bytes the program wrote, held or not. */
    get writtenBytes() {
      return writtenBytes;
    },
    get isComplete() {
      return isComplete;
    },
    get nextSequence() {
      return nextSequence;
    },
    /** The agent's sequence that comes next: what came before it is here. */
    get agentNextSequence() {
      return agentNextSequence;
    },
    get lastRead() {
      return lastRead;
    },
    firstSequence,

    /**
     * Takes one agent message. What was seen already is ignored; a sequence that skips some leaves a gap of unknown size.
     * @returns whether the message was new
     */
    write(sequence: number, type: OutputStream, data: string): boolean {
      if (isComplete || sequence < agentNextSequence) return false;
      if (sequence > agentNextSequence) this.lose(sequence, 0);
      gather(type, data);
      agentNextSequence = sequence + 1;
      const idle = clock.now() - lastFlush >= GATHER_MS;
      if (idle || !gathering) flush();
      else cancelFlush ??= clock.after(GATHER_MS, flush);
      return true;
    },
    /** Takes word of output that the agent had to drop before `next`. The gap takes one sequence, like a chunk. */
    lose(next: number, lostBytes: number) {
      if (isComplete || next <= agentNextSequence) return;
      flush();
      agentNextSequence = next;
      number('stdout', '', lostBytes);
      flush();
    },
    /** Numbers what is still gathering. */
    flush,
    /** No more will come. */
    complete() {
      flush();
      isComplete = true;
    },
    /** Bytes between two sequences that were numbered here, or before the first one known. */
    bytesBetween(from: number, to: number): number {
      const at = (sequence: number) =>
        sequence < baseSequence ? 0 : (offsets[sequence - baseSequence] ?? writtenBytes);
      return at(to) - at(from);
    },
    /** The chunk of this sequence, where it is held; marks the buffer as read. */
    read(sequence: number): OutputChunk | undefined {
      lastRead = clock.now();
      return chunks[sequence - firstSequence()];
    },
    /** The held output as text, both streams in order. */
    text(): string {
      lastRead = clock.now();
      return chunks.map(({ data }) => data).join('') + (gathering?.text ?? '');
    },
  };
}

/**
 * The end of what was kept, no more than is held. Rows that are no longer held go in strokes, and output that was
 * dropped while nothing could be written was never kept: what lies before such a hole is let go.
 */
function tailOf(restored: readonly OutputChunk[]): OutputChunk[] {
  let first = restored.length;
  let bytes = 0;
  for (const chunk of restored.toReversed()) {
    bytes += byteLength(chunk.data);
    const next = restored[first];
    if (bytes > BUFFER_BYTES || (next && next.sequence !== chunk.sequence + 1)) break;
    first -= 1;
  }
  return restored.slice(first);
}

function endOf(chunk: OutputChunk | undefined): number {
  return chunk ? chunk.offset + byteLength(chunk.data) + chunk.lostBytes : 0;
}
