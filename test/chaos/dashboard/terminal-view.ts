// One terminal as one dashboard receives it until it is reset. Detects missing, repeated and inconsistent messages while
// they arrive; their content is checked at the end of the round.
import type { OutputStream } from '../../../src/protocol/entities.ts';
import type {
  TerminalComplete,
  TerminalGap,
  TerminalOutput,
} from '../../../src/protocol/hub-to-dashboard.ts';
import { CHUNK_BYTES } from '../../../src/protocol/limits.ts';
import type { Unversioned } from '../../../src/protocol/message.ts';

export interface OutputPiece {
  kind: 'output';
  sequence: number;
  /** The number of bytes before it, received or reported as lost. */
  offset: number;
  stream: OutputStream;
  data: Buffer;
}

export interface GapPiece {
  kind: 'gap';
  /** It covers [sequence, to). */
  sequence: number;
  to: number;
  offset: number;
  bytes: number;
  reason: TerminalGap['reason'];
}

export type Piece = OutputPiece | GapPiece;
export type TerminalView = ReturnType<typeof createTerminalView>;

export function createTerminalView(commandId: string) {
  const pieces: Piece[] = [];
  const bySequence = new Map<number, Piece>();
  const violations: string[] = [];
  let nextSequence = 0;
  let bytes = 0;
  /** Whether the size of the last piece, a gap, is unknown until the terminal is complete. */
  let isLastSizeUnknown = false;
  let complete: { lastSequence: number; totalBytes: number } | null = null;

  const addViolation = (text: string) => void violations.push(`${commandId}: ${text}`);

  function addPiece(piece: Piece, to: number, size: number) {
    if (complete) addViolation(`sequence ${piece.sequence} arrived after terminal:complete`);
    if (isLastSizeUnknown) addViolation(`sequence ${piece.sequence} follows a gap of unknown size`);
    pieces.push(piece);
    bySequence.set(piece.sequence, piece);
    nextSequence = to;
    bytes += size;
  }

  /** Returns the offset of a sequence in bytes; undefined within a gap. */
  const offsetOf = (sequence: number) =>
    sequence === nextSequence ? bytes : bySequence.get(sequence)?.offset;

  function addGapOfUnknownSize(to: number, reason: TerminalGap['reason']) {
    if (to <= nextSequence) return;
    addPiece({ kind: 'gap', sequence: nextSequence, to, offset: bytes, bytes: 0, reason }, to, 0);
    isLastSizeUnknown = true;
  }

  return {
    pieces,
    violations,
    get nextSequence() {
      return nextSequence;
    },
    /** The number of bytes received or reported as lost. */
    get bytes() {
      return bytes;
    },
    get complete() {
      return complete;
    },

    addOutput({ sequence, stream, data: text }: Unversioned<TerminalOutput>): void {
      const data = Buffer.from(text);
      if (data.length > CHUNK_BYTES) addViolation(`chunk ${sequence} has ${data.length} bytes`);
      if (sequence > nextSequence) {
        addViolation(`chunk ${sequence} arrived where ${nextSequence} was expected`);
      }
      if (sequence >= nextSequence) {
        const piece = { kind: 'output' as const, sequence, offset: bytes, stream, data };
        return addPiece(piece, sequence + 1, data.length);
      }
      const known = bySequence.get(sequence);
      if (known?.kind !== 'output') {
        return addViolation(`chunk ${sequence} arrived after it was reported as lost`);
      }
      if (known.stream !== stream || !known.data.equals(data)) {
        addViolation(`chunk ${sequence} arrived again with different content`);
      }
    },

    addGap({ fromSequence: from, toSequence: to, bytes: size, reason }: Unversioned<TerminalGap>) {
      const gap = `gap [${from}, ${to}) of ${size} bytes`;
      if (to <= from) addViolation(`${gap} is empty`);
      if (from > nextSequence) addViolation(`${gap} arrived where ${nextSequence} was expected`);
      if (reason === 'expired' && from > 0) {
        if (size > 0) addViolation(`${gap} has a size, which cannot be known`);
        return addGapOfUnknownSize(to, reason);
      }
      const start = from > nextSequence ? bytes : offsetOf(from);
      if (start === undefined) return;
      const end = start + size;
      if (to > nextSequence) {
        const lost = end - bytes;
        if (lost < 0) addViolation(`${gap} ends before the output received so far`);
        const sequence = nextSequence;
        return addPiece(
          { kind: 'gap', sequence, to, offset: bytes, bytes: lost, reason },
          to,
          lost,
        );
      }
      const known = offsetOf(to);
      if (known !== undefined && known !== end) {
        addViolation(`${gap} should have ${known - start} bytes`);
      }
    },

    setComplete({ lastSequence, totalBytes }: Unversioned<TerminalComplete>) {
      if (isLastSizeUnknown) {
        const last = pieces.at(-1);
        if (last?.kind === 'gap') last.bytes = totalBytes - bytes;
        bytes = totalBytes;
        isLastSizeUnknown = false;
      }
      if (lastSequence + 1 !== nextSequence) {
        addViolation(`complete at ${lastSequence}, but ${nextSequence - 1} was the last sequence`);
      }
      if (totalBytes !== bytes) {
        addViolation(`complete with ${totalBytes} bytes, but ${bytes} arrived`);
      }
      complete ??= { lastSequence, totalBytes };
    },
  };
}
