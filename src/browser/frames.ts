// Frames of the socket. The hub's codec compiles its schemas with `new Function`, which this page's policy forbids:
// the same schemas are checked here without.
import { Value } from '@sinclair/typebox/value';
import type { DashboardToHub } from '../protocol/dashboard-to-hub.ts';
import { type HubToDashboard, hubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { FrameFlag } from '../protocol/frame-flag.ts';
import { type Body, VERSION } from '../protocol/message.ts';

const schemas = new Map<unknown, (typeof hubToDashboard)[number]>(
  hubToDashboard.map((schema) => [schema.properties.type.const, schema]),
);

/** Reads a frame; null for anything this page does not know, as the protocol wants. */
export function readFrame(frame: unknown): HubToDashboard | null {
  if (typeof frame !== 'string') return null;
  try {
    const value: unknown = JSON.parse(frame);
    if (typeof value !== 'object' || value === null || !('type' in value)) return null;
    const schema = schemas.get(value.type);
    return schema && Value.Check(schema, value) ? value : null;
  } catch {
    return null;
  }
}

/** The text of a binary frame: one flag byte, then JSON, plain or raw-deflated. Rejects on any other flag. */
async function textOfFrame(frame: ArrayBuffer): Promise<string> {
  const flag = new Uint8Array(frame, 0, 1)[0];
  const payload = new Blob([frame.slice(1)]);
  if (flag === FrameFlag.plain) return payload.text();
  if (flag !== FrameFlag.deflateRaw) throw new Error(`unknown flag ${flag}`);
  const inflated = payload.stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Response(inflated).text();
}

/**
 * Makes the reader of a socket's frames. Inflating takes a moment: what comes meanwhile waits, so that the order stays.
 * @param hear told the text of each frame, in the order they came
 */
export function createUnpacker(hear: (text: string) => void): (frame: unknown) => void {
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();
  return (frame) => {
    if (typeof frame === 'string' && waiting === 0) return hear(frame);
    waiting += 1;
    const text = frame instanceof ArrayBuffer ? textOfFrame(frame) : String(frame);
    last = last
      .then(() => text)
      .then(hear)
      .catch((error: unknown) => console.error('A frame could not be read.', error))
      .finally(() => (waiting -= 1));
  };
}

/** Writes a message as the text of a frame. */
export function writeFrame(message: Body<DashboardToHub>): string {
  return JSON.stringify({ ...message, version: VERSION });
}
