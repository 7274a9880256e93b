// The output of a command as a response of the API.
import type { Output } from '../../hub/commands/history.ts';
import { encode } from '../../protocol/codec.ts';
import type { HubToDashboard } from '../../protocol/hub-to-dashboard.ts';
import { createOutputBody } from '../output-body.ts';

const NDJSON = 'application/x-ndjson';

/**
 * The output as text, or as one message per line for `Accept: application/x-ndjson`. The header
 * `Signalbox-Total-Bytes` contains the size of the whole output, and `Signalbox-Missing-Bytes` that of what was deleted or
 * lost. The response is aborted if more turns out to be missing, because some of it was deleted meanwhile.
 */
export async function createOutputResponse(request: Request, output: Output): Promise<Response> {
  const asMessages = request.headers.get('accept')?.includes(NDJSON) ?? false;
  const missingBytes = await output.countMissing();
  let leftBytes = missingBytes;
  const body = createOutputBody(output, (message) => {
    if (!message) return '';
    if (message.type === 'terminal:gap') leftBytes -= message.bytes;
    if (leftBytes < 0) throw new Error('Some of the output was deleted while it was read.');
    if (asMessages) return `${encode<HubToDashboard>(message)}\n`;
    return message.type === 'terminal:output' ? message.data : '';
  });
  return new Response(body, {
    headers: {
      'content-type': asMessages ? NDJSON : 'text/plain; charset=utf-8',
      'signalbox-total-bytes': String(output.totalBytes),
      'signalbox-missing-bytes': String(missingBytes),
      'x-content-type-options': 'nosniff',
    },
  });
}
