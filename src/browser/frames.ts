// Frames of the socket. The hub's codec compiles its schemas with `new Function`, which this page's policy forbids:
// the same schemas are checked here without.
import { Value } from '@sinclair/typebox/value';
import type { DashboardToHub } from '../protocol/dashboard-to-hub.ts';
import { type HubToDashboard, hubToDashboard } from '../protocol/hub-to-dashboard.ts';
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

/** Writes a message as the text of a frame. */
export function writeFrame(message: Body<DashboardToHub>): string {
  return JSON.stringify({ ...message, version: VERSION });
}
