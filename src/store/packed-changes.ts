// The files that a command has changed, compressed: diffs are mostly text that repeats itself.
import type { FileChanges } from '../protocol/changes.ts';

export function packChanges(changes: FileChanges): Buffer {
  return Buffer.from(Bun.deflateSync(Buffer.from(JSON.stringify(changes))));
}

export function unpackChanges(data: Uint8Array): FileChanges {
  const text = Buffer.from(Bun.inflateSync(new Uint8Array(data))).toString();
  // They were checked when the agent sent them.
  return JSON.parse(text) as FileChanges;
}
