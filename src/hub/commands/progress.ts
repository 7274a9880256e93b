// Handles what agents report about their commands: started, turn report, finished.
import type { CommandFinished } from '../../protocol/agent-to-hub.ts';
import { nextCommandStatus } from '../../protocol/command-status.ts';
import { pickFields } from '../../protocol/pick-fields.ts';
import { CommandReport } from '../../protocol/report.ts';
import type { HubContext } from '../context.ts';
import type { Presence } from '../presence.ts';
import type { AgentConnection } from '../state/agent.ts';
import type { Execution } from '../state/execution.ts';
import type { Terminals } from '../terminals/terminals.ts';
import type { Turns } from '../turns.ts';
import type { Completion } from './completion.ts';
import type { Dispatcher } from './dispatcher.ts';
import { reportedOutcome } from './outcome.ts';

export type Progress = ReturnType<typeof createProgress>;

export interface ProgressParts {
  completion: Completion;
  dispatcher: Dispatcher;
  presence: Presence;
  terminals: Terminals;
  turns: Turns;
}

export function createProgress({ clock, log }: HubContext, parts: ProgressParts) {
  const { completion, dispatcher, presence, terminals, turns } = parts;
  /** Reports whose write has not started. Later reports are added to them, because an agent can send any number. */
  const waitingReports = new Map<Execution, CommandReport>();

  /** Marks a command as running. Published once this is committed. */
  function handleStarted(execution: Execution) {
    const changes = {
      status: nextCommandStatus(execution.status, 'started'),
      startedAt: Math.max(clock.now(), execution.requestedAt),
    };
    Object.assign(execution, changes);
    execution.cancelStartLimit();
    dispatcher.startTimeout(execution);
    const started = { ...execution };
    completion
      .persist(execution.id, changes)
      .then(() => {
        completion.publishStatus(started);
        execution.publishedStatus = started.status;
      })
      .catch((error: unknown) => log.error('Could not publish the start of a command.', { error }));
  }

  return {
    handleStarted,
    /**
     * Stores the report of a turn in progress. Published once it is committed; reports that arrive while another one is
     * written are committed and published together.
     */
    handleReport(execution: Execution, message: CommandReport) {
      if (execution.completion || Object.keys(message).length === 0) return;
      const waiting = waitingReports.get(execution);
      if (waiting) {
        Object.assign(waiting, message);
        return;
      }
      const report = { ...message };
      waitingReports.set(execution, report);
      completion
        .persist(execution.id, () => {
          waitingReports.delete(execution);
          return report;
        })
        .then(() => {
          Object.assign(execution, report);
          completion.publishReport(execution, report);
        })
        .catch((error: unknown) => log.error('Could not publish a command report.', { error }));
    },
    /** Ends a command with the agent's result. Resolves when that is committed. */
    async handleFinished(agent: AgentConnection, message: CommandFinished): Promise<void> {
      const { commandId, lastSequence } = message;
      const execution = agent.current;
      if (execution?.id === commandId) {
        const outcome = reportedOutcome(execution, message);
        if (!execution.completion) {
          terminals.get(commandId)?.addGap(lastSequence + 1, 0);
          turns.reportLength(commandId, message.turnUpdates);
          if (execution.status === 'queued' && outcome.event === 'completed') {
            handleStarted(execution);
          }
        }
        await dispatcher.end(execution, outcome);
      }
      if (agent.stopping.delete(commandId)) {
        terminals.get(commandId)?.addGap(lastSequence + 1, 0);
        completion.completeLateOutput(
          commandId,
          message.report && pickFields(CommandReport, message.report),
        );
        presence.update(agent);
        dispatcher.dispatchNext(agent);
      }
      await completion.whenLateOutputStored(commandId);
    },
  };
}
