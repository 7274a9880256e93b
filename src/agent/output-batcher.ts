// Gathers a command's output into messages: at most 10 KB, at most 10 ms late, never cutting a code point, and in
// the order it was read: a change of stream closes a message (protocol.md, "Output").
import type { Clock } from '../protocol/clock.ts';
import type { OutputStream } from '../protocol/entities.ts';
import { CHUNK_BYTES, GATHER_MS } from '../protocol/limits.ts';
import { byteLength, cut } from '../protocol/text.ts';

/** @param emit takes each message's text, not empty and at most 10 KB */
export function createOutputBatcher(
  clock: Clock,
  emit: (stream: OutputStream, text: string) => void,
) {
  let stream: OutputStream = 'stdout';
  let text = '';
  let bytes = 0;
  let cancelTimer: (() => void) | null = null;

  /** Hands over what waits, now. */
  function flush(): void {
    cancelTimer?.();
    cancelTimer = null;
    if (text === '') return;
    const waiting = text;
    text = '';
    bytes = 0;
    emit(stream, waiting);
  }

  /** Takes whole code points from one stream. */
  function add(from: OutputStream, more: string): void {
    if (more === '') return;
    if (from !== stream) flush();
    stream = from;
    text += more;
    bytes += byteLength(more);
    while (bytes > CHUNK_BYTES) {
      const [head, rest] = cut(text, CHUNK_BYTES);
      emit(stream, head);
      bytes -= byteLength(head);
      text = rest;
    }
    if (bytes === CHUNK_BYTES) return flush();
    cancelTimer ??= clock.after(GATHER_MS, flush);
  }

  return { add, flush };
}
