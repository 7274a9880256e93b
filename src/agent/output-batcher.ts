// Batches a command's output into messages of at most 10 KB, each delayed by at most 3 ms. Messages keep the order in
// which the streams were read and never split a code point (docs/protocol.md, "Output").
import { createBatchTimer } from '../protocol/batch-timer.ts';
import type { Clock } from '../protocol/clock.ts';
import type { OutputStream } from '../protocol/entities.ts';
import { CHUNK_BYTES } from '../protocol/limits.ts';
import { byteLength, splitAtBytes } from '../protocol/text.ts';

/** @param onBatch receives the text of each message, never empty */
export function createOutputBatcher(
  clock: Clock,
  onBatch: (stream: OutputStream, text: string) => void,
) {
  let stream: OutputStream = 'stdout';
  let text = '';
  let bytes = 0;
  const timer = createBatchTimer(clock, flush);

  /** Delivers the current batch now. */
  function flush(): void {
    if (text === '') return;
    timer.restart();
    const batch = text;
    text = '';
    bytes = 0;
    onBatch(stream, batch);
  }

  /** Adds whole code points. Output on the other stream ends the current batch. */
  function add(from: OutputStream, more: string): void {
    if (more === '') return;
    if (from !== stream) flush();
    stream = from;
    text += more;
    bytes += byteLength(more);
    while (bytes > CHUNK_BYTES) {
      timer.restart();
      const [head, rest] = splitAtBytes(text, CHUNK_BYTES);
      onBatch(stream, head);
      bytes -= byteLength(head);
      text = rest;
    }
    if (bytes === CHUNK_BYTES) return flush();
    timer.schedule();
  }

  return { add, flush };
}
