// Messages that are longer than a NATS server accepts are sent in parts, one right after the other.

/** Which part of a message it is. A sender has one message at a time, so this is enough to find its other parts. */
interface Part {
  sender: string;
  /** The number of the message, of this sender. */
  message: number;
  index: number;
  count: number;
}

/** How long a message waits for its next part. */
const MAX_AGE_MS = 60_000;

/** Splits a message. @param size of a part, in bytes */
export function splitMessage(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

export const formatPart = ({ sender, message, index, count }: Part): string =>
  `${sender} ${message} ${index} ${count}`;

/** @throws if it is not what `formatPart` returns */
export function parsePart(text: string): Part {
  const [sender, ...rest] = text.split(' ');
  const [message, index, count] = rest.map(Number);
  const isValid = [message, index, count].every(Number.isSafeInteger) && rest.length === 3;
  if (!sender || !isValid || message === undefined || index === undefined || count === undefined) {
    throw new Error('A part of a message on the bus is malformed.');
  }
  return { sender, message, index, count };
}

/** @param onLost called when a part is missing */
export function createJoiner(onLost: () => void) {
  const incomplete = new Map<string, { message: number; parts: Uint8Array[]; time: number }>();

  function removeOld(now: number) {
    for (const [sender, { time }] of incomplete) {
      if (now - time > MAX_AGE_MS) incomplete.delete(sender);
    }
  }

  return {
    /** Adds a part. Returns the message if it is the last one. */
    add({ sender, message, index, count }: Part, bytes: Uint8Array): Uint8Array | null {
      const now = performance.now();
      if (index === 0) {
        removeOld(now);
        incomplete.set(sender, { message, parts: [], time: now });
      }
      const known = incomplete.get(sender);
      if (known?.message !== message || known.parts.length !== index) {
        incomplete.delete(sender);
        onLost();
        return null;
      }
      // The client may use the memory again.
      known.parts.push(bytes.slice());
      if (known.parts.length < count) return null;
      incomplete.delete(sender);
      return Buffer.concat(known.parts);
    },
    /** Forgets incomplete messages. */
    clear: () => incomplete.clear(),
  };
}
