// Runs a command and connects it to the hub: its output, its report and its approval requests.
import type { Clock } from '../protocol/clock.ts';
import type { CommandExecute } from '../protocol/hub-to-agent.ts';
import { createApprovals } from './approvals.ts';
import type { ChangeTracker } from './changes/change-tracker.ts';
import type { Send } from './hub-connection.ts';
import type { Journal } from './journal/journal.ts';
import type { UnacknowledgedCommand } from './outbox/unacknowledged-command.ts';
import { startTimeOf } from './process/table.ts';
import type { Runner } from './runner.ts';
import { startCommand } from './running-command.ts';

export interface CurrentCommandOptions {
  message: CommandExecute;
  runner: Runner;
  outgoing: UnacknowledgedCommand;
  journal: Journal;
  tracker: ChangeTracker;
  clock: Clock;
  send: Send;
  /** Whether the hub is connected and can write, so that a full outbox drains. */
  canDrain(): boolean;
}

export type CurrentCommand = ReturnType<typeof startCurrentCommand>;

export function startCurrentCommand(options: CurrentCommandOptions) {
  const { message, runner, outgoing, journal, tracker, clock, send } = options;
  const { commandId, command, session, timeoutMs } = message;
  const approvals = createApprovals(commandId, send);
  const running = startCommand({
    spec: { commandId, command, session },
    runner,
    timeoutMs,
    clock,
    approvals,
    meter: tracker.begin(commandId, command),
    onOutput(stream, text) {
      outgoing.write(stream, text);
      applyBackpressure();
    },
    onProcess(pid) {
      const start = startTimeOf(pid);
      if (start) journal.recordProcess(commandId, { pid, start });
    },
    onTurnParts: outgoing.setTurnParts,
    onReport: (report) => void send({ type: 'command:report', commandId, ...report }),
  });

  /**
   * If the hub is slow, pauses the program until there is room. If the hub is offline or cannot write, lets the program
   * continue: the outbox drops the oldest output.
   */
  function applyBackpressure(): void {
    const canDrain = options.canDrain();
    if (canDrain && outgoing.isFull()) return running.run.pause();
    if (!canDrain || outgoing.hasRoom()) running.run.resume();
  }

  return {
    ...running,
    commandId,
    approvals,
    applyBackpressure,

    /** Resends the pending approval requests and the report after a reconnect. */
    resend(): void {
      approvals.resend();
      running.resendReport();
    },
  };
}
