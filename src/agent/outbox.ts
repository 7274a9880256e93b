// One command's output that the hub has not committed yet: a ring with sequence numbers and byte offsets. Offsets
// make every gap exact: what lies between two sequences is the difference of their offsets, held or dropped.
import type { Body } from '../protocol/message.ts';
import type { AgentGap, AgentOutput } from '../protocol/agent-to-hub.ts';
import type { OutputStream } from '../protocol/entities.ts';
import { BUFFER_BYTES } from '../protocol/limits.ts';
import { byteLength } from '../protocol/text.ts';

/** A message's place: its sequence, and how many bytes the command had written before it. */
export interface OutputPosition {
  readonly sequence: number;
  readonly offset: number;
}

/** A message that is held. */
export interface OutboxMessage extends OutputPosition {
  readonly stream: OutputStream;
  readonly data: string;
}

/** What changed, for the journal. */
export type OutboxChange =
  | { kind: 'append'; message: OutboxMessage; next: OutputPosition }
  /** Its text is gone. `keep`: its place is still needed to count a gap. */
  | { kind: 'drop'; sequence: number; keep: boolean }
  | { kind: 'ack'; acked: OutputPosition; next: OutputPosition };

/** An outbox's memory, as the journal gives it back. Places and messages in order. */
export interface OutboxState {
  acked: OutputPosition;
  next: OutputPosition;
  dropped: OutputPosition[];
  held: OutboxMessage[];
}

/** Held bytes at which reading should stop, and at which it may go on: between the first and 1 MB is room for what a kernel has already read. */
const FULL_BYTES = (BUFFER_BYTES * 3) / 4;
const ROOM_BYTES = BUFFER_BYTES / 2;
/** Places of sent and dropped messages that are kept. Past it, which takes a hub that cannot write for many minutes, a gap may be counted too large. */
const MOST_PLACES = 65_536;

/**
 * @param record is told of every change, in order
 * @param state what a journal remembers of this command
 */
export function createOutbox(
  commandId: string,
  record: (change: OutboxChange) => void,
  state?: OutboxState,
) {
  const start: OutputPosition = { sequence: 0, offset: 0 };
  /** The hub has committed everything before it. */
  let acked = state?.acked ?? start;
  let next = state?.next ?? start;
  /** What to send next on this connection. */
  let cursor = acked;
  /** Bytes before it do not count as waiting for the hub: it said on return that it has them, committed or not yet. */
  let countedFrom = acked.offset;
  /** Whatever is before it may have reached the hub, on this connection or an earlier one. */
  let sentUpTo = state ? next.sequence : 0;
  /** Places of dropped messages before the held ones; one stands for all up to the next place. */
  const dropped = createQueue(state?.dropped);
  const held = createQueue(state?.held);

  const first = (): OutputPosition => held.peek() ?? next;
  const heldBytes = () => next.offset - first().offset;
  const waitingBytes = () => next.offset - Math.max(first().offset, countedFrom);

  /** The place of a sequence. Where nothing is known of it, a gap counts from what is acknowledged. */
  function placeOf(sequence: number): OutputPosition {
    if (sequence >= next.sequence) return next;
    const at = held.at(sequence - first().sequence);
    if (at) return at;
    const before = dropped.findLast((place) => place.sequence <= sequence);
    if (before) return before;
    return sequence === 0 ? start : { sequence, offset: acked.offset };
  }

  function dropOldest(): void {
    const oldest = held.shift();
    if (!oldest) return;
    const last = dropped.last();
    // What never left is lost in one piece: nobody can ask from its middle.
    const keep = !last || (oldest.sequence <= sentUpTo && dropped.length() < MOST_PLACES);
    if (keep) dropped.push({ sequence: oldest.sequence, offset: oldest.offset });
    record({ kind: 'drop', sequence: oldest.sequence, keep });
  }

  /** Adds a message of at most 10 KB. Past 1 MB the oldest goes. */
  function push(stream: OutputStream, data: string): void {
    const message: OutboxMessage = { ...next, stream, data };
    next = { sequence: next.sequence + 1, offset: next.offset + byteLength(data) };
    held.push(message);
    record({ kind: 'append', message, next });
    while (heldBytes() > BUFFER_BYTES) dropOldest();
  }

  /** The hub has committed everything before `sequence`. */
  function ack(sequence: number): void {
    if (sequence <= acked.sequence) return;
    // A hub can know more than a journal that lost its last milliseconds in a crash.
    if (sequence > next.sequence) next = { ...next, sequence };
    acked = placeOf(sequence);
    countedFrom = Math.max(countedFrom, acked.offset);
    if (cursor.sequence < acked.sequence) cursor = acked;
    while ((dropped.peek()?.sequence ?? Infinity) < sequence) dropped.shift();
    while ((held.peek()?.sequence ?? Infinity) < sequence) held.shift();
    record({ kind: 'ack', acked, next });
  }

  /** The hub has everything before `sequence`, null where it did not say: what `pull` gives goes on from there. */
  function resumeFrom(sequence: number | null): void {
    if (sequence !== null && sequence > next.sequence) ack(sequence);
    cursor = sequence === null ? acked : placeOf(sequence);
    countedFrom = Math.max(acked.offset, cursor.offset);
  }

  /**
   * The next message for the hub, taken as sent; null where there is none, or too much is unacknowledged.
   * @param acknowledges whether acknowledgements can be waited for
   */
  function pull(acknowledges = true): Body<AgentOutput> | Body<AgentGap> | null {
    if (cursor.sequence >= next.sequence) return null;
    if (acknowledges && cursor.offset - countedFrom >= BUFFER_BYTES) return null;
    const from = first();
    if (cursor.sequence < from.sequence) {
      const bytes = from.offset - cursor.offset;
      // Nobody waits for what is lost.
      countedFrom += bytes;
      moveTo(from);
      return { type: 'terminal:gap', commandId, nextSequence: from.sequence, bytes };
    }
    const message = held.at(cursor.sequence - from.sequence);
    if (!message) return null;
    const { stream, data, sequence } = message;
    moveTo(placeOf(sequence + 1));
    return { type: 'terminal:output', commandId, data, stream, sequence };
  }

  function moveTo(place: OutputPosition): void {
    cursor = place;
    sentUpTo = Math.max(sentUpTo, place.sequence);
  }

  return {
    push,
    ack,
    resumeFrom,
    pull,
    isFull: () => waitingBytes() >= FULL_BYTES,
    hasRoom: () => waitingBytes() <= ROOM_BYTES,
    /** Whether all there is has been sent on this connection. */
    isSent: () => cursor.sequence >= next.sequence,
    /** What is held, `[firstSequence, nextSequence)`, and how many unacknowledged bytes before it are lost. */
    summary: () => ({
      firstSequence: first().sequence,
      nextSequence: next.sequence,
      lostBytes: first().offset - acked.offset,
    }),
  };
}

/** A list that is cheap to shift. */
function createQueue<T>(initial: T[] = []) {
  let items = initial.slice();
  let head = 0;
  return {
    push: (item: T) => void items.push(item),
    length: (): number => items.length - head,
    peek: (): T | undefined => items[head],
    last: (): T | undefined => (items.length > head ? items.at(-1) : undefined),
    at: (index: number): T | undefined => (index < 0 ? undefined : items[head + index]),
    findLast: (test: (item: T) => boolean): T | undefined => {
      for (let index = items.length - 1; index >= head; index -= 1) {
        const item = items[index];
        if (item !== undefined && test(item)) return item;
      }
      return undefined;
    },
    shift: (): T | undefined => {
      const item = items[head];
      if (item === undefined) return undefined;
      head += 1;
      if (head > 1024 && head * 2 > items.length) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
  };
}
