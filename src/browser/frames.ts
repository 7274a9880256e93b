// Encodes and decodes WebSocket frames. The hub's codec compiles its schemas with `new Function`, which the page's
// Content-Security-Policy forbids, so this one checks the same schemas without compiling them.
import { Value } from '@sinclair/typebox/value';
import type { DashboardToHub } from '../protocol/dashboard-to-hub.ts';
import { type HubToDashboard, hubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { FrameFlag } from '../protocol/frame-flag.ts';
import { type Unversioned, VERSION } from '../protocol/message.ts';

const schemas = new Map<unknown, (typeof hubToDashboard)[number]>(
  hubToDashboard.map((schema) => [schema.properties.type.const, schema]),
);

/** Parses the text of a frame. Returns null for messages this page does not know (docs/protocol.md, "Ground rules"). */
export function parseMessage(text: unknown): HubToDashboard | null {
  if (typeof text !== 'string') return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('type' in value)) return null;
    const schema = schemas.get(value.type);
    return schema && Value.Check(schema, value) ? value : null;
  } catch {
    return null;
  }
}

/** Decodes a binary frame: one flag byte, then JSON, plain or raw-deflated. Rejects for an unknown flag. */
async function decodeBinary(frame: ArrayBuffer): Promise<string> {
  const flag = new Uint8Array(frame, 0, 1)[0];
  const payload = new Blob([frame.slice(1)]);
  if (flag === FrameFlag.plain) return payload.text();
  if (flag !== FrameFlag.deflateRaw) throw new Error(`Unknown frame flag ${flag}.`);
  const inflated = payload.stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Response(inflated).text();
}

/**
 * Creates the decoder of one socket's frames. Inflating is asynchronous, so each frame waits for the frames before it,
 * to keep their order.
 * @param onText receives the text of each frame, in order
 */
export function createFrameDecoder(onText: (text: string) => void): (frame: unknown) => void {
  let pendingCount = 0;
  let last: Promise<void> = Promise.resolve();
  return (frame) => {
    if (typeof frame === 'string' && pendingCount === 0) return onText(frame);
    pendingCount += 1;
    const text = frame instanceof ArrayBuffer ? decodeBinary(frame) : String(frame);
    last = last
      .then(() => text)
      .then(onText)
      .catch((error: unknown) => console.error('Failed to decode a frame.', error))
      .finally(() => (pendingCount -= 1));
  };
}

/** Encodes a message as the text of a frame. */
export function encodeMessage(message: Unversioned<DashboardToHub>): string {
  return JSON.stringify({ ...message, version: VERSION });
}
