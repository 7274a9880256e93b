// The interrupts of a dashboard that have no answer yet.
import type { CommandStatus } from '../../../src/protocol/command-status.ts';
import type { ErrorCode } from '../../../src/protocol/errors.ts';

/** `accepted`: the interrupt is stored, or the command has ended. `lost`: there is no answer. */
export type InterruptAnswer = 'accepted' | 'refused' | 'lost';

interface PendingInterrupt {
  /** Whether the dashboard knew that the command is running, so that another `running` is the answer. */
  wasRunning: boolean;
  resolve(answer: InterruptAnswer): void;
}

export function createPendingInterrupts() {
  const pending = new Map<string, PendingInterrupt[]>();

  function answer(commandId: string, reply: InterruptAnswer) {
    for (const { resolve } of pending.get(commandId) ?? []) resolve(reply);
    pending.delete(commandId);
  }

  return {
    /** Adds an interrupt that was sent. @param status the latest status of the command */
    add: (commandId: string, status: CommandStatus | undefined) =>
      new Promise<InterruptAnswer>((resolve) => {
        const others = pending.get(commandId) ?? [];
        pending.set(commandId, [...others, { wasRunning: status === 'running', resolve }]);
      }),
    /** Handles a status of a command, which may be the answer. */
    onStatus(commandId: string, status: CommandStatus) {
      const interrupts = pending.get(commandId);
      if (!interrupts || status === 'queued') return;
      const isAnswer = status !== 'running' || interrupts.some(({ wasRunning }) => wasRunning);
      if (isAnswer) return answer(commandId, 'accepted');
      for (const interrupt of interrupts) interrupt.wasRunning = true;
    },
    onError(commandId: string, code: ErrorCode) {
      answer(commandId, code === 'rate_limited' ? 'lost' : 'refused');
    },
    onDisconnect() {
      for (const commandId of pending.keys()) answer(commandId, 'lost');
    },
  };
}
