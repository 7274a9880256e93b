// The output of a command as a response. It is read while the client takes it, so that its size does not matter.
import type { Output } from '../../hub/commands/history.ts';
import { encode } from '../../protocol/codec.ts';
import type { HubToDashboard } from '../../protocol/hub-to-dashboard.ts';

const NDJSON = 'application/x-ndjson';
/** The text of one part of the response, in characters. */
const PART_LENGTH = 65_536;

/**
 * The output as text, or as one message per line for `Accept: application/x-ndjson`. The header
 * `Signalbox-Missing-Bytes` contains the size of the output that is not included. The response is aborted if more turns out
 * to be missing, because some of it was deleted meanwhile.
 */
export function createOutputResponse(
  request: Request,
  { missingBytes, messages }: Output,
): Response {
  const asMessages = request.headers.get('accept')?.includes(NDJSON) ?? false;
  const encoder = new TextEncoder();
  let leftBytes = missingBytes;

  /** Returns the next part; empty at the end. */
  async function readPart(): Promise<string> {
    let text = '';
    // One part for many messages, because a chunk can be a single character.
    while (text.length < PART_LENGTH) {
      const { value } = await messages.next();
      if (!value) return text;
      if (value.type === 'terminal:gap') leftBytes -= value.bytes;
      if (leftBytes < 0) throw new Error('Some of the output was deleted while it was read.');
      if (asMessages) text += `${encode<HubToDashboard>(value)}\n`;
      else if (value.type === 'terminal:output') text += value.data;
    }
    return text;
  }

  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const text = await readPart();
        if (text === '') controller.close();
        else controller.enqueue(encoder.encode(text));
      },
      async cancel() {
        await messages.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, {
    headers: {
      'content-type': asMessages ? NDJSON : 'text/plain; charset=utf-8',
      'signalbox-missing-bytes': String(missingBytes),
      'x-content-type-options': 'nosniff',
    },
  });
}
