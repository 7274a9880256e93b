// A command whose result the hub has not acknowledged yet. Sends its output, then its result.
import type { AgentToHub, HeldCommand } from '../../protocol/agent-to-hub.ts';
import type { FileChanges } from '../../protocol/changes.ts';
import type { OutputStream } from '../../protocol/entities.ts';
import type { Send } from '../hub-connection.ts';
import type { Journal } from '../journal/journal.ts';
import type { TurnPart } from '../../protocol/turn.ts';
import type { CommandResult } from '../result.ts';
import { createOutbox, type OutboxState } from './outbox.ts';
import { createTurnOutbox } from './turn-outbox.ts';

export interface UnacknowledgedCommandOptions {
  commandId: string;
  attempt: number;
  journal: Journal;
  send: Send;
  isConnected(): boolean;
  /** Whether the hub can store output, and so acknowledge it. */
  canAcknowledge(): boolean;
  /** Whether the hub accepts messages of a type that not every hub accepts. */
  accepts(type: AgentToHub['type']): boolean;
  /** The state restored from the journal. */
  restored?: { output: OutboxState; result: CommandResult; changes: FileChanges | null };
}

export type UnacknowledgedCommand = ReturnType<typeof createUnacknowledgedCommand>;

export function createUnacknowledgedCommand(options: UnacknowledgedCommandOptions) {
  const { commandId, attempt, journal, send, restored } = options;
  const outbox = createOutbox(
    commandId,
    (change) => journal.recordOutput(commandId, change),
    restored?.output,
  );
  const canSendTurn = () => options.isConnected() && options.accepts('turn:update');
  const turn = createTurnOutbox(commandId, send);
  let result: CommandResult | null = restored?.result ?? null;
  let changes: FileChanges | null = restored?.changes ?? null;
  let areChangesSent = false;
  let isResultSent = false;

  /** Sends as much as the hub can take now. The result comes after all output, the whole turn, and the changes. */
  function flush(): void {
    if (!options.isConnected()) return;
    const pull = () => outbox.pull(options.canAcknowledge());
    for (let message = pull(); message; message = pull()) send(message);
    if (canSendTurn()) turn.flush();
    if (!result || isResultSent || !outbox.isSent()) return;
    if (canSendTurn() && !turn.isSent()) return;
    if (changes && !areChangesSent && options.accepts('command:changes')) {
      areChangesSent = send({ type: 'command:changes', commandId, ...changes });
    }
    const lastSequence = outbox.summary().nextSequence - 1;
    isResultSent = send({ type: 'command:finished', commandId, ...result, lastSequence });
  }

  return {
    commandId,
    hasFinished: () => result !== null,
    isFull: outbox.isFull,
    hasRoom: outbox.hasRoom,
    flush,

    /** The command's entry in `agent:connect`. */
    summary: (): HeldCommand => ({
      commandId,
      attempt,
      ...outbox.summary(),
      finished: result !== null,
    }),

    write(stream: OutputStream, text: string): void {
      outbox.push(stream, text);
      flush();
    },

    /** Changes parts of the turn. They are not in the journal: after a crash, the turn is shown as terminal text. */
    setTurnParts(parts: ReadonlyMap<number, TurnPart>): void {
      for (const [part, content] of parts) turn.set(part, content);
      if (canSendTurn()) turn.flush();
    },

    /** Writes the result and the changed files to the journal, then sends them. */
    finish(newResult: CommandResult, newChanges: FileChanges | null = null): void {
      const turnUpdates = turn.finish();
      result = turnUpdates > 0 ? { ...newResult, turnUpdates } : newResult;
      changes = newChanges;
      journal.finish(commandId, result, changes);
      flush();
    },

    /** The hub has committed all output before `nextSequence`. */
    ack(nextSequence: number): void {
      outbox.ack(nextSequence);
      flush();
    },

    /** The hub has committed all turn updates before `nextSequence`. */
    ackTurn(nextSequence: number): void {
      turn.ack(nextSequence);
      flush();
    },

    /**
     * Resumes on a new connection.
     * @param nextSequence the hub has all output before it; null if the hub did not report a position
     * @param nextTurnSequence the same for turn updates
     */
    resumeFrom(nextSequence: number | null, nextTurnSequence: number | null): void {
      outbox.resumeFrom(nextSequence);
      turn.resumeFrom(nextTurnSequence);
      areChangesSent = false;
      isResultSent = false;
    },
  };
}
