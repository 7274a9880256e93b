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
import type { Completion } from './completion.ts';
import type { Dispatcher } from './dispatcher.ts';
import { reportedOutcome } from './outcome.ts';

export type Progress = ReturnType<typeof createProgress>;

export interface ProgressParts {
  completion: Completion;
  dispatcher: Dispatcher;
  presence: Presence;
  terminals: Terminals;
}

export function createProgress({ clock, log }: HubContext, parts: ProgressParts) {
  const { completion, dispatcher, presence, terminals } = parts;

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
      .then(() => completion.publishStatus(started))
      .catch((error: unknown) => log.error('Could not publish the start of a command.', { error }));
  }

  return {
    handleStarted,
    /** Stores the report of a turn in progress. Published once it is committed. */
    handleReport(execution: Execution, report: CommandReport) {
      if (execution.completion || Object.keys(report).length === 0) return;
      completion
        .persist(execution.id, report)
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
