// One terminal as one dashboard saw it within one epoch: pieces by sequence, each with its place in bytes. What does not
// fit is noted as a flaw: a hole, a repetition that differs, a gap or a total of the wrong size.
import type {
  TerminalComplete,
  TerminalGap,
  TerminalOutput,
} from '../../src/protocol/hub-to-dashboard.ts';
import type { OutputStream } from '../../src/protocol/entities.ts';
import type { Unversioned } from '../../src/protocol/message.ts';
import { CHUNK_BYTES } from '../../src/protocol/limits.ts';

export interface Output {
  kind: 'output';
  sequence: number;
  /** Bytes the command had written before it, as far as this terminal knows. */
  at: number;
  stream: OutputStream;
  data: Buffer;
}

export interface Gap {
  kind: 'gap';
  sequence: number;
  at: number;
  to: number;
  bytes: number;
  reason: TerminalGap['reason'];
}

export type Piece = Output | Gap;
export type TerminalView = ReturnType<typeof createTerminalView>;

export function createTerminalView(commandId: string) {
  const pieces: Piece[] = [];
  const bySequence = new Map<number, Piece>();
  const flaws: string[] = [];
  let next = 0;
  let bytes = 0;
  let complete: { lastSequence: number; totalBytes: number } | null = null;

  const flaw = (text: string) => void flaws.push(`${commandId}: ${text}`);

  function add(piece: Piece, to: number, size: number) {
    if (complete) flaw(`sequence ${piece.sequence} came after terminal:complete`);
    pieces.push(piece);
    bySequence.set(piece.sequence, piece);
    next = to;
    bytes += size;
  }

  /** Where a sequence lies in bytes; undefined in the middle of a gap. */
  const placeOf = (sequence: number) => (sequence === next ? bytes : bySequence.get(sequence)?.at);

  return {
    pieces,
    flaws,
    get next() {
      return next;
    },
    get bytes() {
      return bytes;
    },
    get complete() {
      return complete;
    },

    output({ sequence, stream, data: text }: Unversioned<TerminalOutput>): void {
      const data = Buffer.from(text);
      if (data.length > CHUNK_BYTES) flaw(`chunk ${sequence} has ${data.length} bytes`);
      if (sequence > next) flaw(`hole: chunk ${sequence} came where ${next} was due`);
      if (sequence >= next) {
        add({ kind: 'output', sequence, at: bytes, stream, data }, sequence + 1, data.length);
        return;
      }
      const known = bySequence.get(sequence);
      if (known?.kind !== 'output') return flaw(`chunk ${sequence} came after it was told lost`);
      if (known.stream !== stream || !known.data.equals(data)) {
        flaw(`chunk ${sequence} came again, and differs`);
      }
    },

    gap({
      fromSequence: from,
      toSequence: to,
      bytes: size,
      reason,
    }: Unversioned<TerminalGap>): void {
      if (to <= from) flaw(`gap [${from}, ${to}) is none`);
      if (from > next) flaw(`hole: gap [${from}, ${to}) came where ${next} was due`);
      const start = from > next ? bytes : placeOf(from);
      if (start === undefined) return;
      const end = start + size;
      if (to > next) {
        const lost = end - bytes;
        if (lost < 0) flaw(`gap [${from}, ${to}) of ${size} bytes ends before what is there`);
        add({ kind: 'gap', sequence: next, at: bytes, to, bytes: lost, reason }, to, lost);
        return;
      }
      const known = placeOf(to);
      if (known !== undefined && known !== end) {
        flaw(`gap [${from}, ${to}) of ${size} bytes should have ${known - start}`);
      }
    },

    completed({ lastSequence, totalBytes }: Unversioned<TerminalComplete>) {
      if (lastSequence + 1 !== next) {
        flaw(`complete at ${lastSequence}, but ${next - 1} was the last that came`);
      }
      if (totalBytes !== bytes) flaw(`complete with ${totalBytes} bytes, but ${bytes} came`);
      complete ??= { lastSequence, totalBytes };
    },
  };
}
