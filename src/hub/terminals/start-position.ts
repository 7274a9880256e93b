// Where a dashboard wants to begin in the output of a command (docs/protocol.md, "Output").
import type { TerminalAttach } from '../../protocol/dashboard-to-hub.ts';
import type { Store } from '../../store/store.ts';
import type { TerminalBuffer } from '../state/terminal-buffer.ts';
import type { Position } from './stored-messages.ts';

export type Start = Pick<TerminalAttach, 'afterSequence' | 'afterBytes' | 'tailBytes' | 'epoch'>;

/** Where a dashboard begins that has received nothing. */
export type Origin = Pick<Start, 'afterBytes' | 'tailBytes'>;

/** The end of output that is in no buffer. */
interface End {
  next: number;
  offset: number;
}

/** The position after `afterSequence`. */
export function positionAfter({ afterSequence = -1 }: Start, buffer?: TerminalBuffer): Position {
  const next = afterSequence + 1;
  if (next === 0) return { next, offset: 0 };
  if (next === buffer?.nextSequence) return { next, offset: buffer.writtenBytes };
  return { next, offset: buffer?.offsetOf(next) ?? null };
}

/** The byte offset to begin at; null if `afterSequence` is all there is. The tail of output in a buffer is in the buffer. */
function targetOffset({ afterBytes, tailBytes }: Start, totalBytes: number): number | null {
  const offsets = [
    ...(afterBytes === undefined ? [] : [afterBytes]),
    ...(tailBytes === undefined ? [] : [totalBytes - tailBytes]),
  ];
  return offsets.length === 0 ? null : Math.max(0, ...offsets);
}

/** The later of two positions. */
const later = (a: Position, b: Position | undefined): Position => (b && b.next > a.next ? b : a);

/** Finds where to begin in a buffer; undefined if that is before what it holds. */
export function findInBuffer(buffer: TerminalBuffer, start: Start): Position | undefined {
  const after = positionAfter(start, buffer);
  const target = targetOffset(start, buffer.writtenBytes);
  if (target === null) return after;
  const next = buffer.sequenceAt(target);
  const offset = buffer.offsetOf(next) ?? buffer.writtenBytes;
  // The buffer is shorter than a tail by less than a chunk, or as long.
  if (target < buffer.firstOffset() && start.tailBytes === undefined) return undefined;
  return later(after, { next, offset });
}

/** Finds where to begin in stored output. */
export async function findInStore(
  store: Store,
  commandId: string,
  start: Start,
  end: End,
): Promise<Position> {
  const after = positionAfter(start);
  const target = targetOffset(start, end.offset);
  if (target === null) return after;
  if (target >= end.offset) return later(after, end);
  const found = await store.output.findPosition(commandId, target);
  return later(after, found && { next: found.sequence, offset: found.offset });
}
