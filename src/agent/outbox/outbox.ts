// The output of one command that the hub has not committed yet: a ring buffer with sequence numbers and byte offsets.
// The offsets make the size of every gap exact: it is the difference of two offsets, even if the output was dropped.
import type { AgentGap, AgentOutput } from '../../protocol/agent-to-hub.ts';
import type { OutputStream } from '../../protocol/entities.ts';
import { BUFFER_BYTES } from '../../protocol/limits.ts';
import type { Unversioned } from '../../protocol/message.ts';
import { byteLength } from '../../protocol/text.ts';
import { createQueue } from './queue.ts';

/** A position in the output: a sequence number, and the number of bytes written before it. */
export interface OutputPosition {
  readonly sequence: number;
  readonly offset: number;
}

/** A message of output at its position. */
export interface OutboxMessage extends OutputPosition {
  readonly stream: OutputStream;
  readonly data: string;
}

/** A change to record in the journal. */
export type OutboxChange =
  | { kind: 'append'; message: OutboxMessage; next: OutputPosition }
  /** The text was dropped. `keepPosition`: the position is still needed to compute a gap. */
  | { kind: 'drop'; sequence: number; keepPosition: boolean }
  | { kind: 'ack'; acked: OutputPosition; next: OutputPosition };

/** The state that the journal restores. Positions and messages are in order. */
export interface OutboxState {
  acked: OutputPosition;
  next: OutputPosition;
  dropped: OutputPosition[];
  messages: OutboxMessage[];
}

/** The program is paused at this size. The remaining space, up to 1 MB, is for output already in other buffers. */
const FULL_BYTES = (BUFFER_BYTES * 3) / 4;
/** The program is resumed at this size. */
const ROOM_BYTES = BUFFER_BYTES / 2;
/**
 * The maximum number of positions kept for dropped messages. If the hub cannot write for many minutes and the limit is
 * reached, a gap may be reported as larger than it is.
 */
const MAX_POSITIONS = 65_536;

/**
 * @param onChange receives every change in order, for the journal
 * @param state the restored state, if the journal has one
 */
export function createOutbox(
  commandId: string,
  onChange: (change: OutboxChange) => void,
  state?: OutboxState,
) {
  const start: OutputPosition = { sequence: 0, offset: 0 };
  /** The hub has committed everything before this. */
  let acked = state?.acked ?? start;
  let next = state?.next ?? start;
  /** What to send next on this connection. */
  let cursor = acked;
  /** Bytes before this offset do not count as unacknowledged: after a reconnect the hub reported that it has them. */
  let countedFrom = acked.offset;
  /** Everything before this may have reached the hub, on this connection or an earlier one. */
  let sentUpTo = state ? next.sequence : 0;
  /** Positions of dropped messages. Each position covers all messages up to the next position. */
  const dropped = createQueue(state?.dropped);
  const messages = createQueue(state?.messages);

  const first = (): OutputPosition => messages.first() ?? next;
  const bufferedBytes = () => next.offset - first().offset;
  const unackedBytes = () => next.offset - Math.max(first().offset, countedFrom);

  /** The position of a sequence. If it is unknown, gaps count from the acknowledged offset. */
  function positionOf(sequence: number): OutputPosition {
    if (sequence >= next.sequence) return next;
    const message = messages.at(sequence - first().sequence);
    if (message) return message;
    const before = dropped.findLast((position) => position.sequence <= sequence);
    if (before) return before;
    return sequence === 0 ? start : { sequence, offset: acked.offset };
  }

  function dropOldest(): void {
    const oldest = messages.shift();
    if (!oldest) return;
    const last = dropped.last();
    // Messages that were never sent form a single gap: the hub cannot resume inside it.
    const keepPosition = !last || (oldest.sequence <= sentUpTo && dropped.length() < MAX_POSITIONS);
    if (keepPosition) dropped.push({ sequence: oldest.sequence, offset: oldest.offset });
    onChange({ kind: 'drop', sequence: oldest.sequence, keepPosition });
  }

  function advanceTo(position: OutputPosition): void {
    cursor = position;
    sentUpTo = Math.max(sentUpTo, position.sequence);
  }

  /** Adds a message of at most 10 KB. Drops the oldest messages beyond 1 MB. */
  function push(stream: OutputStream, data: string): void {
    const message: OutboxMessage = { ...next, stream, data };
    next = { sequence: next.sequence + 1, offset: next.offset + byteLength(data) };
    messages.push(message);
    onChange({ kind: 'append', message, next });
    while (bufferedBytes() > BUFFER_BYTES) dropOldest();
  }

  /** The hub has committed everything before `sequence`. */
  function ack(sequence: number): void {
    if (sequence <= acked.sequence) return;
    // The hub can be ahead of a journal that lost its last milliseconds in a crash.
    if (sequence > next.sequence) next = { ...next, sequence };
    acked = positionOf(sequence);
    countedFrom = Math.max(countedFrom, acked.offset);
    if (cursor.sequence < acked.sequence) cursor = acked;
    while ((dropped.first()?.sequence ?? Infinity) < sequence) dropped.shift();
    while ((messages.first()?.sequence ?? Infinity) < sequence) messages.shift();
    onChange({ kind: 'ack', acked, next });
  }

  /**
   * Resumes on a new connection.
   * @param sequence the hub has everything before it; null if the hub did not report a position
   */
  function resumeFrom(sequence: number | null): void {
    if (sequence !== null && sequence > next.sequence) ack(sequence);
    cursor = sequence === null ? acked : positionOf(sequence);
    countedFrom = Math.max(acked.offset, cursor.offset);
  }

  /**
   * Returns the next message to send and counts it as sent; null if there is none or too much is unacknowledged.
   * @param canAcknowledge whether the hub can acknowledge output; if not, unacknowledged output has no limit
   */
  function pull(canAcknowledge = true): Unversioned<AgentOutput> | Unversioned<AgentGap> | null {
    if (cursor.sequence >= next.sequence) return null;
    if (canAcknowledge && cursor.offset - countedFrom >= BUFFER_BYTES) return null;
    const from = first();
    if (cursor.sequence < from.sequence) {
      const bytes = from.offset - cursor.offset;
      // Dropped output is never acknowledged.
      countedFrom += bytes;
      advanceTo(from);
      return { type: 'terminal:gap', commandId, nextSequence: from.sequence, bytes };
    }
    const message = messages.at(cursor.sequence - from.sequence);
    if (!message) return null;
    const { stream, data, sequence } = message;
    advanceTo(positionOf(sequence + 1));
    return { type: 'terminal:output', commandId, data, stream, sequence };
  }

  return {
    push,
    ack,
    resumeFrom,
    pull,
    isFull: () => unackedBytes() >= FULL_BYTES,
    hasRoom: () => unackedBytes() <= ROOM_BYTES,
    /** Whether everything has been sent on this connection. */
    isSent: () => cursor.sequence >= next.sequence,
    /** The buffered range `[firstSequence, nextSequence)` and the unacknowledged bytes that were dropped before it. */
    summary: () => ({
      firstSequence: first().sequence,
      nextSequence: next.sequence,
      lostBytes: first().offset - acked.offset,
    }),
  };
}
