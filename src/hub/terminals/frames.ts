// The frames of chunks. A chunk is encoded, and compressed, once for all dashboards: while a command is replayed to any
// of them, its frames are kept here for the others.
import type { Compress } from '../compressor.ts';
import { createFrame, type Frame } from '../frame.ts';
import type { OutputChunk, TerminalBuffer } from '../state/terminal-buffer.ts';
import { chunkMessage } from './terminal-messages.ts';

/** The maximum size of the kept frames as text. Their compressed forms can be as large again. */
const MAX_KEPT_BYTES = 8 * 1_048_576;

export type Frames = ReturnType<typeof createFrames>;

export function createFrames(compress: Compress, maxKeptBytes = MAX_KEPT_BYTES) {
  /** By commandId and sequence, for the commands that are being replayed. */
  const kept = new Map<string, Map<number, Frame>>();
  let keptBytes = 0;

  /** Frees frames from the oldest one on, while `isObsolete`. */
  function free(frames: Map<number, Frame>, isObsolete: (sequence: number) => boolean) {
    for (const [sequence, frame] of frames) {
      if (!isObsolete(sequence)) return;
      frames.delete(sequence);
      keptBytes -= frame.bytes();
    }
  }

  return {
    /** Keeps the frames of a command from now on. */
    keep(commandId: string) {
      if (!kept.has(commandId)) kept.set(commandId, new Map());
    },
    /** Frees the frames of a command whose chunks are replaced by others. It is replayed with new ones. */
    forget(commandId: string) {
      const frames = kept.get(commandId);
      if (frames) free(frames, () => true);
    },
    /** Frees the frames of all other commands. */
    keepOnly(commandIds: ReadonlySet<string>) {
      for (const [commandId, frames] of kept) {
        if (commandIds.has(commandId)) continue;
        free(frames, () => true);
        kept.delete(commandId);
      }
    },
    /** The frame of a chunk in the buffer of its command. */
    of(buffer: Pick<TerminalBuffer, 'commandId' | 'firstSequence'>, chunk: OutputChunk): Frame {
      const { commandId } = buffer;
      const frames = kept.get(commandId);
      const known = frames?.get(chunk.sequence);
      if (known) return known;
      const frame = createFrame(chunkMessage(commandId, chunk), compress);
      if (!frames) return frame;
      frames.set(chunk.sequence, frame);
      keptBytes += frame.bytes();
      const first = buffer.firstSequence();
      free(frames, (sequence) => sequence < first);
      for (const others of kept.values()) free(others, () => keptBytes > maxKeptBytes);
      return frame;
    },
    /** The size of the kept frames as text. */
    keptBytes: () => keptBytes,
  };
}
