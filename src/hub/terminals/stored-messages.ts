// The messages of output that is in the store and in no buffer.
import { byteLength } from '../../protocol/text.ts';
import type { StoredChunk } from '../../store/store.ts';
import { chunkMessage, type TerminalMessage } from './terminal-messages.ts';

/** Where a reader is in the output of a command. */
export interface Position {
  /** The sequence of the next chunk. */
  next: number;
  /** The bytes before it; null if they are not known. */
  offset: number | null;
}

/** Where output is not read from the store any more, and why output before it is missing if the store does not have it. */
export interface StoredEnd extends Readonly<Position> {
  reason: GapReason;
}

export type GapReason = Extract<TerminalMessage, { type: 'terminal:gap' }>['reason'];

/** A chunk, so that its frame can be shared, or the message of a gap. */
export type StoredPart = { chunk: StoredChunk } | { message: TerminalMessage };

/** The bytes before the chunk that follows. */
export const endOffset = ({ offset, data, lostBytes }: StoredChunk): number =>
  offset + byteLength(data) + lostBytes;

/** Yields consecutive chunks up to `end`, and advances the position. Consecutive gaps of an agent are one message. */
export function* readChunks(
  commandId: string,
  chunks: readonly StoredChunk[],
  position: Position,
  end: StoredEnd,
): Generator<StoredPart, undefined> {
  for (let at = 0; at < chunks.length; at++) {
    const chunk = chunks[at];
    if (!chunk || chunk.sequence >= end.next) return;
    if (chunk.sequence < position.next) {
      if (chunk.sequence === position.next - 1) position.offset ??= endOffset(chunk);
      continue;
    }
    if (chunk.sequence > position.next) {
      const to = { next: chunk.sequence, offset: chunk.offset };
      yield { message: skipTo(commandId, position, to, end.reason) };
    }
    const message = chunkMessage(commandId, chunk);
    let last = chunk;
    if (message.type === 'terminal:gap') {
      for (let next = chunks[at + 1]; next?.data === ''; next = chunks[at + 1]) {
        if (next.sequence !== last.sequence + 1 || next.sequence >= end.next) break;
        message.bytes += next.lostBytes;
        message.toSequence = next.sequence + 1;
        last = next;
        at += 1;
      }
    }
    position.next = last.sequence + 1;
    position.offset = endOffset(last);
    yield message.type === 'terminal:gap' ? { message } : { chunk };
  }
}

/** Skips output. Returns the gap. */
export function skipTo(
  commandId: string,
  position: Position,
  to: Readonly<Position>,
  reason: GapReason,
): TerminalMessage {
  const bytes =
    position.offset === null || to.offset === null ? 0 : Math.max(0, to.offset - position.offset);
  const gap = { fromSequence: position.next, toSequence: to.next, bytes, reason };
  position.next = to.next;
  position.offset = to.offset;
  return { type: 'terminal:gap', commandId, ...gap };
}
