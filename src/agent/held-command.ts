// A command that this agent has begun and the hub has not seen the last of: its output on the way, then its result.
import type { HeldCommand as HeldSummary } from '../protocol/agent-to-hub.ts';
import type { OutputStream } from '../protocol/entities.ts';
import type { Journal } from './journal/journal.ts';
import type { Send } from './hub-connection.ts';
import { createOutbox, type OutboxState } from './outbox.ts';
import type { CommandResult } from './result.ts';

export interface HeldCommandOptions {
  commandId: string;
  attempt: number;
  journal: Journal;
  send: Send;
  isUp(): boolean;
  /** Whether the hub can write, and so acknowledge. */
  acknowledges(): boolean;
  /** What an earlier process left in the journal. */
  left?: { output: OutboxState; result: CommandResult };
}

export type HeldCommand = ReturnType<typeof createHeldCommand>;

export function createHeldCommand(options: HeldCommandOptions) {
  const { commandId, attempt, journal, send, left } = options;
  const outbox = createOutbox(
    commandId,
    (change) => journal.change(commandId, change),
    left?.output,
  );
  let result: CommandResult | null = left?.result ?? null;
  let isReported = false;

  /** Sends what the hub can take now: output, then, after all of it, the result. */
  function pump(): void {
    if (!options.isUp()) return;
    const pull = () => outbox.pull(options.acknowledges());
    for (let message = pull(); message; message = pull()) send(message);
    if (!result || isReported || !outbox.isSent()) return;
    const lastSequence = outbox.summary().nextSequence - 1;
    isReported = send({ type: 'command:finished', commandId, ...result, lastSequence });
  }

  return {
    commandId,
    attempt,
    hasEnded: () => result !== null,
    isFull: outbox.isFull,
    hasRoom: outbox.hasRoom,
    pump,

    summary: (): HeldSummary => {
      const { firstSequence, nextSequence, lostBytes } = outbox.summary();
      return {
        commandId,
        attempt,
        firstSequence,
        nextSequence,
        lostBytes,
        finished: result !== null,
      };
    },

    output(stream: OutputStream, text: string): void {
      outbox.push(stream, text);
    },

    /** It is over. The result is in the journal before the hub hears of it. */
    finish(ended: CommandResult): void {
      journal.finish(commandId, ended);
      result = ended;
    },

    /** A new connection: the hub has everything before `nextSequence`; null where it did not say. */
    resumeFrom(nextSequence: number | null): void {
      outbox.resumeFrom(nextSequence);
      isReported = false;
    },

    ack: outbox.ack,
  };
}
