// What a PostgreSQL bus sends: many messages in one notification, and long ones in a table.
import { Type, type Static } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';

/** A notification is at most 7,999 bytes long. */
const MAX_PAYLOAD_BYTES = 7_900;
/** The longest message that a notification contains. */
const MAX_INLINE_BYTES = 1_024;

/** A message with its number. A hub numbers what it sends, so that others notice what they have missed. */
export interface NumberedMessage {
  sequence: number;
  topic: string;
  json: string;
}

/** A message in the table. */
export interface StoredMessage {
  sequence: number;
  topic: string;
  body: string;
}

export interface Packed {
  payloads: string[];
  stored: StoredMessage[];
}

const Notification = Type.Object({
  /** Identifies the sender. */
  s: Type.String(),
  /** The number of the first message. The others follow without a gap; without messages, the next number. */
  n: Type.Integer(),
  /** A topic and a message, or only a topic if the message is in the table. */
  m: Type.Array(
    Type.Union([Type.Tuple([Type.String(), Type.Unknown()]), Type.Tuple([Type.String()])]),
  ),
  /** Identifies an echo. */
  e: Type.Optional(Type.Integer()),
});
export type Notification = Static<typeof Notification>;
const isNotification = TypeCompiler.Compile(Notification);

const startOf = (sender: string) => `{"s":"${sender}",`;

/** Packs messages, in order. @param sender without characters that JSON escapes */
export function packMessages(sender: string, messages: readonly NumberedMessage[]): Packed {
  const start = startOf(sender);
  const payloads: string[] = [];
  const stored: StoredMessage[] = [];
  let entries: string[] = [];
  let bytes = 0;
  let first = 0;

  function finish() {
    if (entries.length > 0) payloads.push(`${start}"n":${first},"m":[${entries.join(',')}]}`);
    entries = [];
    bytes = start.length + 40;
  }

  finish();
  for (const { sequence, topic, json } of messages) {
    const isInline = Buffer.byteLength(json) <= MAX_INLINE_BYTES;
    if (!isInline) stored.push({ sequence, topic, body: json });
    const name = JSON.stringify(topic);
    const entry = isInline ? `[${name},${json}]` : `[${name}]`;
    const length = Buffer.byteLength(entry) + 1;
    if (bytes + length > MAX_PAYLOAD_BYTES || sequence !== first + entries.length) finish();
    if (entries.length === 0) first = sequence;
    entries.push(entry);
    bytes += length;
  }
  finish();
  return { payloads, stored };
}

/** The payload of an echo, which also tells others how many messages there were. */
export const packEcho = (sender: string, next: number, echo: number): string =>
  `${startOf(sender)}"e":${echo},"n":${next},"m":[]}`;

/** Returns the number of the echo if a payload is an echo of this sender. */
export function readEcho(payload: string, sender: string): number | null {
  const start = `${startOf(sender)}"e":`;
  return payload.startsWith(start) ? Number.parseInt(payload.slice(start.length), 10) : null;
}

/** Whether a payload is of this sender, which is faster than parsing it. */
export const isFrom = (payload: string, sender: string): boolean =>
  payload.startsWith(startOf(sender));

/** @throws if it is not a notification of a bus */
export function parseNotification(payload: string): Notification {
  const value: unknown = JSON.parse(payload);
  if (!isNotification.Check(value)) throw new Error('A notification on the bus is malformed.');
  return value;
}
