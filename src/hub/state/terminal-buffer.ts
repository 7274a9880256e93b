// A command's output as dashboards receive it: collected into chunks, numbered from 0, with the last 1 MB held.
import { createBatchTimer } from '../../protocol/batch-timer.ts';
import type { Clock } from '../../protocol/clock.ts';
import type { OutputStream } from '../../protocol/entities.ts';
import { BUFFER_BYTES, BUFFER_CHUNKS, CHUNK_BYTES } from '../../protocol/limits.ts';
import { byteLength, splitAtBytes } from '../../protocol/text.ts';
import type { StoredChunk, StoredCommand } from '../../store/store.ts';
import { createChunkLog } from './chunk-log.ts';

/** A numbered piece of output (docs/data-model.md, "OutputChunk"), or a gap: output that the agent had to drop. */
export type OutputChunk = StoredChunk;

/** The callbacks of a buffer, called as output arrives. */
export interface TerminalBufferCallbacks {
  /** A chunk was numbered. Called before older chunks are dropped to make room for it. */
  onChunk(commandId: string, chunk: OutputChunk): void;
  /** These chunks contain complete agent messages up to `agentNextSequence` and can be persisted. */
  onPersistable(chunks: OutputChunk[], agentNextSequence: number): void;
  /** Chunks were dropped for the first time. */
  onOverflow(): void;
}

export type TerminalBuffer = ReturnType<typeof createTerminalBuffer>;

/** Text that is not numbered yet. */
interface PendingChunk {
  type: OutputStream;
  text: string;
  bytes: number;
}

/**
 * Creates the TerminalBuffer of one command (docs/data-model.md, "TerminalBuffer"; docs/protocol.md, "Output").
 * @param restored chunks persisted by an earlier run of the hub
 * @param agentNextSequence the next sequence expected from the agent
 */
export function createTerminalBuffer(
  { id: commandId, agentId }: Pick<StoredCommand, 'id' | 'agentId'>,
  clock: Clock,
  callbacks: TerminalBufferCallbacks,
  restored: readonly OutputChunk[] = [],
  agentNextSequence = 0,
) {
  const held = latestContiguous(restored);
  const base = held[0];
  const baseSequence = base?.sequence ?? 0;
  const chunks = createChunkLog(baseSequence);
  for (const chunk of held) chunks.push(chunk);
  let heldBytes = held.reduce((sum, chunk) => sum + byteLength(chunk.data), 0);
  let writtenBytes = endOffset(held.at(-1));
  let unpersisted: OutputChunk[] = [];
  /** The agent's sequence up to which everything was passed to `onPersistable`. */
  let persistableNextSequence = agentNextSequence;
  let pending: PendingChunk | null = null;
  /** The size of a gap that is not numbered yet: gaps without output in between are one. Never set with `pending`. */
  let pendingGapBytes: number | null = null;
  const timer = createBatchTimer(clock, flush);
  let hasOverflowed = baseSequence > 0;
  let storedNextSequence = chunks.nextSequence();
  let nextStored = Promise.withResolvers<void>();
  let isSealed = false;
  let isComplete = false;
  let lastRead = clock.now();

  /** @param bytes the size of `data` */
  function append(type: OutputStream, data: string, bytes: number, lostBytes: number) {
    const chunk = {
      sequence: chunks.nextSequence(),
      type,
      data,
      timestamp: clock.now(),
      offset: writtenBytes,
      lostBytes,
    };
    unpersisted.push(chunk);
    hold(chunk, bytes);
  }

  /** @param bytes the size of its text */
  function hold(chunk: OutputChunk, bytes = byteLength(chunk.data)) {
    writtenBytes += bytes + chunk.lostBytes;
    heldBytes += bytes;
    chunks.push(chunk);
    callbacks.onChunk(commandId, chunk);
    while (heldBytes > BUFFER_BYTES || chunks.length > BUFFER_CHUNKS) dropOldest();
  }

  const firstOffset = () => chunks.offsetOf(chunks.firstSequence()) ?? writtenBytes;

  function dropOldest() {
    const oldest = chunks.shift();
    if (!oldest) return;
    heldBytes -= firstOffset() - oldest.offset - oldest.lostBytes;
    if (!hasOverflowed) callbacks.onOverflow();
    hasOverflowed = true;
  }

  /** Numbers the pending text. Everything numbered then consists of complete agent messages and can be persisted. */
  function flush() {
    if (pendingGapBytes !== null) {
      const lostBytes = pendingGapBytes;
      pendingGapBytes = null;
      timer.restart();
      append('stdout', '', 0, lostBytes);
    }
    if (pending) {
      const { type, text, bytes } = pending;
      pending = null;
      timer.restart();
      append(type, text, bytes, 0);
    }
    // A message without text produces no chunk, but must still be acknowledged.
    if (unpersisted.length === 0 && agentNextSequence === persistableNextSequence) return;
    const persistable = unpersisted;
    unpersisted = [];
    persistableNextSequence = agentNextSequence;
    callbacks.onPersistable(persistable, agentNextSequence);
  }

  /** Flushes what is pending, at once or within a batch. */
  function scheduleFlush() {
    if (!pending && pendingGapBytes === null) flush();
    else timer.schedule();
  }

  function addText(type: OutputStream, data: string) {
    if (pendingGapBytes !== null || (pending && pending.type !== type)) flush();
    let text = (pending?.text ?? '') + data;
    // Not a sum: an agent can send the halves of a code point in two messages.
    let bytes = byteLength(text);
    pending = null;
    while (bytes > CHUNK_BYTES) {
      const [head, rest] = splitAtBytes(text, CHUNK_BYTES);
      const headBytes = byteLength(head);
      timer.restart();
      append(type, head, headBytes, 0);
      bytes -= headBytes;
      text = rest;
    }
    if (bytes === CHUNK_BYTES) {
      timer.restart();
      append(type, text, bytes, 0);
    } else if (text !== '') pending = { type, text, bytes };
  }

  function markStored(nextSequence = storedNextSequence) {
    storedNextSequence = nextSequence;
    nextStored.resolve();
    nextStored = Promise.withResolvers();
  }

  /** Records output that the agent dropped before its sequence `next`. A gap is numbered like a chunk. */
  function addGap(next: number, lostBytes: number) {
    if (isSealed || next <= agentNextSequence) return;
    if (pending) flush();
    agentNextSequence = next;
    pendingGapBytes = (pendingGapBytes ?? 0) + lostBytes;
    scheduleFlush();
  }

  return {
    commandId,
    /** The agent that runs the command. */
    agentId,
    /** Bytes of text held, at most 1 MB. */
    get totalBytes() {
      return heldBytes;
    },
    /** Memory used in bytes: the text, and what is needed to store it in chunks. */
    get memoryBytes() {
      return heldBytes + chunks.overheadBytes;
    },
    /** Bytes the program has written, including those dropped. */
    get writtenBytes() {
      return writtenBytes;
    },
    /** Whether no more output is accepted, so that its size is final. */
    get isSealed() {
      return isSealed;
    },
    /** Whether readers are told that the output is complete. */
    get isComplete() {
      return isComplete;
    },
    get nextSequence() {
      return chunks.nextSequence();
    },
    /** The sequence up to which all chunks are stored. */
    get storedNextSequence() {
      return storedNextSequence;
    },
    /** Whether everything that was received is stored, so that no reader has received more than that. */
    get isStored() {
      return !pending && pendingGapBytes === null && storedNextSequence === chunks.nextSequence();
    },
    /** Resolves after the next write of chunks, whether it succeeds or not. */
    whenWritten: () => nextStored.promise,
    /** Notes that everything before a sequence is stored, and wakes those who wait for a write. */
    markStored,
    /** The next sequence expected from the agent. */
    get agentNextSequence() {
      return agentNextSequence;
    },
    get lastRead() {
      return lastRead;
    },
    /** The sequence of the oldest held chunk, or the next one if none is held. */
    firstSequence: chunks.firstSequence,
    /** The bytes before a chunk, held or dropped; undefined if they are not known. */
    offsetOf: chunks.offsetOf,
    /** The last held chunk that begins at or before a byte offset, or else the first one; the next one at the end. */
    sequenceAt(offset: number): number {
      if (offset >= writtenBytes) return chunks.nextSequence();
      let low = chunks.firstSequence();
      let high = chunks.nextSequence() - 1;
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        if ((chunks.offsetOf(middle) ?? 0) <= offset) low = middle;
        else high = middle - 1;
      }
      return low;
    },
    /** The bytes before the oldest held chunk. */
    firstOffset,

    /**
     * Adds one agent message. Messages seen before are ignored; skipped sequences leave a gap of unknown size.
     * @returns whether the message was new
     */
    write(sequence: number, type: OutputStream, data: string): boolean {
      if (isSealed || sequence < agentNextSequence) return false;
      if (sequence > agentNextSequence) addGap(sequence, 0);
      addText(type, data);
      agentNextSequence = sequence + 1;
      scheduleFlush();
      return true;
    },
    addGap,
    /**
     * Adds a chunk that another hub has numbered and stored. Chunks that are missing before it are gaps.
     * @returns false if another chunk is held in its place
     */
    follow(chunk: OutputChunk): boolean {
      if (isSealed) return true;
      const other = chunks.get(chunk.sequence);
      if (other && (other.data !== chunk.data || other.type !== chunk.type)) return false;
      while (chunks.nextSequence() < chunk.sequence) {
        const sequence = chunks.nextSequence();
        const lostBytes = chunk.offset - writtenBytes;
        hold({ ...chunk, sequence, data: '', offset: writtenBytes, lostBytes });
      }
      if (chunks.nextSequence() === chunk.sequence) hold(chunk);
      if (storedNextSequence <= chunk.sequence) markStored(chunk.sequence + 1);
      return true;
    },
    /** Adds the next chunk that another hub has numbered, but not stored. Others are ignored. */
    followLive(chunk: OutputChunk) {
      if (!isSealed && chunk.sequence === chunks.nextSequence()) hold(chunk);
    },
    /** Another hub has stored what is before this sequence. */
    markStoredUpTo(nextSequence: number) {
      const known = Math.min(nextSequence, chunks.nextSequence());
      if (storedNextSequence < known) markStored(known);
    },
    /** Continues with the agent's output, after another hub has received what came before. */
    continueFrom(next: number) {
      agentNextSequence = next;
      persistableNextSequence = next;
    },
    /** Numbers the pending text now. */
    flush,
    /** Numbers the pending text, and accepts no more output. */
    seal() {
      flush();
      isSealed = true;
    },
    /** Accepts output again, because the agent sends the rest to another hub. */
    reopen() {
      if (!isComplete) isSealed = false;
    },
    /** Marks sealed output as complete. */
    complete() {
      isComplete = true;
    },
    /**
     * Bytes between two sequences, held or dropped. Rounded up to a page of chunks where `from` was dropped more than
     * 262,144 chunks ago.
     */
    bytesBetween(from: number, to: number): number {
      const at = (sequence: number) =>
        sequence < baseSequence ? 0 : (chunks.offsetOf(sequence) ?? writtenBytes);
      return at(to) - at(from);
    },
    /** Notes that somebody is about to read it. */
    markRead() {
      lastRead = clock.now();
    },
    /** The chunk with this sequence if it is held. Marks the buffer as read. */
    read(sequence: number): OutputChunk | undefined {
      lastRead = clock.now();
      return chunks.get(sequence);
    },
  };
}

/**
 * The latest persisted chunks that are consecutive, at most 1 MB. Older rows are deleted in batches, and chunks that
 * were dropped while the disk was full are missing: everything before a missing chunk is discarded.
 */
function latestContiguous(restored: readonly OutputChunk[]): OutputChunk[] {
  let first = restored.length;
  let bytes = 0;
  for (const chunk of restored.toReversed()) {
    bytes += byteLength(chunk.data);
    const next = restored[first];
    if (bytes > BUFFER_BYTES || restored.length - first === BUFFER_CHUNKS) break;
    if (next && next.sequence !== chunk.sequence + 1) break;
    first -= 1;
  }
  return restored.slice(first);
}

function endOffset(chunk: OutputChunk | undefined): number {
  return chunk ? chunk.offset + byteLength(chunk.data) + chunk.lostBytes : 0;
}
