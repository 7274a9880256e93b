// Reads the whole output of a command from the hub, independently of what a terminal shows.
import type { HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { parseMessage } from './frames.ts';

interface FetchOptions {
  /** Reads only the end of the output, of about this size. */
  tailBytes?: number | undefined;
  /** Called before the output is read. It may throw. */
  onResponse?(response: Response): Promise<void>;
}

/**
 * Reads the output as the messages that a terminal receives, in order, a batch at a time.
 * @throws if the hub does not send it
 */
export async function* fetchOutput(
  commandId: string,
  signal: AbortSignal,
  { tailBytes, onResponse }: FetchOptions = {},
): AsyncGenerator<HubToDashboard[]> {
  const query = tailBytes === undefined ? '' : `?tailBytes=${tailBytes}`;
  const response = await fetch(`/api/v1/commands/${encodeURIComponent(commandId)}/output${query}`, {
    headers: { accept: 'application/x-ndjson' },
    signal,
  });
  if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
  await onResponse?.(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value = '' } = await reader.read();
    const lines = (rest + value).split('\n');
    rest = done ? '' : (lines.pop() ?? '');
    yield lines.flatMap((line) => parseMessage(line) ?? []);
    if (done) return;
  }
}
