// The turn of one command, and its updates that the hub has not committed yet. Updates are made when they can be sent:
// while the hub cannot be reached, only the latest content of each part is kept.
import type { TurnUpdate } from '../../protocol/agent-to-hub.ts';
import { MAX_TURN_PARTS, TURN_BYTES, TURN_PART_BYTES } from '../../protocol/limits.ts';
import type { Unversioned } from '../../protocol/message.ts';
import { byteLength } from '../../protocol/text.ts';
import type { TurnPart } from '../../protocol/turn.ts';
import { createQueue } from './queue.ts';

type Update = Unversioned<TurnUpdate>;

/** @param send sends an update; returns false if it cannot be sent now */
export function createTurnOutbox(commandId: string, send: (update: Update) => boolean) {
  /** The latest content of each part. */
  const parts = new Map<number, TurnPart>();
  /** The content that the updates made so far describe. */
  const described = new Map<number, TurnPart>();
  const sizes = new Map<number, number>();
  const changed = new Set<number>();
  /** Updates that are not acknowledged, in order. */
  const unacked = createQueue<Update & { bytes: number }>();
  let unackedBytes = 0;
  let totalBytes = 0;
  let nextSequence = 0;
  /** What to send next on this connection. */
  let cursor = 0;
  let isLeftOut = false;

  const firstSequence = () => unacked.first()?.sequence ?? nextSequence;

  function makeUpdate(part: number, changes: Pick<Update, 'content' | 'append'>): void {
    const update = { type: 'turn:update' as const, commandId, sequence: nextSequence, part };
    const bytes = byteLength(JSON.stringify(changes));
    unacked.push({ ...update, ...changes, bytes });
    unackedBytes += bytes;
    nextSequence += 1;
  }

  /** Makes updates from what has changed. Text that was added is sent alone. */
  function makeUpdates(): void {
    for (const part of changed) {
      const content = parts.get(part);
      if (content) makeUpdate(part, changesBetween(described.get(part), content));
      if (content) described.set(part, content);
    }
    changed.clear();
  }

  /** The turn is too large: it is shown as terminal text. */
  function leaveOut(part: number): void {
    isLeftOut = true;
    for (const map of [parts, described, sizes]) map.clear();
    changed.clear();
    makeUpdate(part, {});
  }

  function shift(): void {
    unackedBytes -= unacked.shift()?.bytes ?? 0;
  }

  /** Sends as much as the hub can take now. */
  function flush(): void {
    if (unackedBytes < TURN_BYTES) makeUpdates();
    for (;;) {
      const next = unacked.at(cursor - firstSequence());
      if (!next) return;
      const { bytes: _, ...update } = next;
      if (!send(update)) return;
      cursor += 1;
    }
  }

  return {
    flush,

    /** Sets the content of a part. */
    set(part: number, content: TurnPart): void {
      if (isLeftOut) return;
      const bytes = byteLength(JSON.stringify(content));
      totalBytes += bytes - (sizes.get(part) ?? 0);
      sizes.set(part, bytes);
      const isTooLarge = bytes > TURN_PART_BYTES || totalBytes > TURN_BYTES;
      if (isTooLarge || part >= MAX_TURN_PARTS) return leaveOut(part);
      parts.set(part, content);
      changed.add(part);
    },

    /** Makes the last updates. Returns how many there are. */
    finish(): number {
      makeUpdates();
      return nextSequence;
    },

    /** The hub has committed all updates before `sequence`. */
    ack(sequence: number): void {
      while (unacked.length() > 0 && firstSequence() < sequence) shift();
      cursor = Math.max(cursor, firstSequence());
    },

    /**
     * Resumes on a new connection.
     * @param sequence the hub has all updates before it; null if it did not say
     */
    resumeFrom(sequence: number | null): void {
      cursor = Math.max(firstSequence(), Math.min(sequence ?? 0, nextSequence));
    },

    /** Whether everything has been sent on this connection. */
    isSent: () => changed.size === 0 && cursor >= nextSequence,
  };
}

function changesBetween(
  before: TurnPart | undefined,
  content: TurnPart,
): Pick<Update, 'content' | 'append'> {
  const isText = content.type === 'message' || content.type === 'thought';
  if (!isText || before?.type !== content.type) return { content };
  const { text: textBefore, ...otherBefore } = before;
  const { text, ...other } = content;
  if (!Bun.deepEquals(otherBefore, other) || !text.startsWith(textBefore)) return { content };
  return { append: text.slice(textBefore.length) };
}
