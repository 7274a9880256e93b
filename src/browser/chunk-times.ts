// When the chunks of a command's output were received. Live chunks are timed as they arrive; the times of earlier ones are
// fetched when somebody wants to see them.
import type { HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { fetchOutput } from './output-source.ts';

/**
 * Creates the times of one terminal.
 * @param now the time of the hub
 */
export function createChunkTimes(now: () => number) {
  const times = new Map<number, number>();
  let commandId: string | null = null;
  let request: AbortController | null = null;
  /** Chunks before this one were replayed, and arrived earlier than they were received here. */
  let liveFrom = Infinity;

  return {
    setCommand(id: string | null): void {
      if (id === commandId) return;
      request?.abort();
      request = null;
      times.clear();
      commandId = id;
      liveFrom = Infinity;
    },
    /** Times the chunks from `sequence` on. */
    setLiveFrom(sequence: number): void {
      liveFrom = Math.min(liveFrom, sequence);
    },
    handleMessage(message: HubToDashboard): void {
      if (message.type === 'terminal:reset' && message.commandId === commandId) {
        request?.abort();
        times.clear();
        liveFrom = Infinity;
      }
      if (message.type !== 'terminal:output' || message.commandId !== commandId) return;
      if (message.sequence >= liveFrom) times.set(message.sequence, now());
    },
    /** Fetches the times of the earlier output. @param tailBytes only of the end of the output, of about this size */
    async fetch(tailBytes?: number): Promise<void> {
      if (commandId === null) return;
      request?.abort();
      request = new AbortController();
      const { signal } = request;
      try {
        for await (const messages of fetchOutput(commandId, signal, { tailBytes })) {
          for (const message of messages) {
            if (message.type !== 'terminal:output' || message.timestamp === undefined) continue;
            times.set(message.sequence, message.timestamp);
            liveFrom = Math.max(liveFrom === Infinity ? 0 : liveFrom, message.sequence + 1);
          }
        }
      } catch (error) {
        if (!signal.aborted) console.warn('Could not fetch the times of the output.', error);
      }
    },
    get: (sequence: number): number | undefined => times.get(sequence),
  };
}
