// Compares what a reconnected agent holds with what the hub assigned to it, so that no command runs twice or is lost
// silently (docs/protocol.md, "Reconnect").
import type { AgentConnect } from '../../protocol/agent-to-hub.ts';
import type { AgentWelcome } from '../../protocol/hub-to-agent.ts';
import type { Completion } from '../commands/completion.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import type { Progress } from '../commands/progress.ts';
import type { AgentConnection } from '../state/agent.ts';
import type { Execution } from '../state/execution.ts';
import type { Terminals } from '../terminals/terminals.ts';
import type { Turns } from '../turns.ts';

export interface ReconcileParts {
  completion: Completion;
  dispatcher: Dispatcher;
  progress: Progress;
  terminals: Terminals;
  turns: Turns;
}

/** The fields of `agent:welcome`: which output to send from which sequence, and which commands to stop. */
export interface Reconciliation {
  resume: AgentWelcome['resume'];
  stop: string[];
}

export function reconcile(
  agent: AgentConnection,
  { held = [], journalId }: AgentConnect,
  { completion, dispatcher, progress, terminals, turns }: ReconcileParts,
): Reconciliation {
  const result: Reconciliation = { resume: [], stop: [] };
  const { current } = agent;
  const wasStopping = agent.stopping;
  agent.stopping = new Set();

  for (const { commandId, attempt, finished } of held) {
    // Ignore what an agent claims about another agent's command.
    if (terminals.isOfOtherAgent(commandId, agent.agentId)) {
      result.stop.push(commandId);
      continue;
    }
    const buffer = terminals.get(commandId);
    const isCurrent =
      current?.id === commandId && current.attempt === attempt && !current.completion;
    const isOutputOpen = buffer && !buffer.isSealed && (isCurrent || current?.id !== commandId);
    // Commands to be stopped are resumed too: the hub still needs their remaining output.
    if (isOutputOpen) {
      const nextSequence = buffer.agentNextSequence;
      const nextTurnSequence = turns.nextSequence(commandId);
      result.resume.push({
        commandId,
        nextSequence,
        ...(nextTurnSequence > 0 && { nextTurnSequence }),
      });
    }
    if (isCurrent && buffer) {
      if (current.status === 'queued') progress.handleStarted(current);
      continue;
    }
    result.stop.push(commandId);
    // A command that the hub ended may have unsent output even if it has finished.
    if (!finished || wasStopping.has(commandId)) agent.stopping.add(commandId);
  }
  for (const commandId of wasStopping) {
    if (!agent.stopping.has(commandId)) completion.completeLateOutput(commandId);
  }
  const isHeld = held.some(({ commandId }) => commandId === current?.id);
  if (current?.delivery === 'sent' && !isHeld) handleMissing(current);
  return result;

  /** Handles a command that was sent and that the agent does not hold. */
  function handleMissing(execution: Execution) {
    // The hub is ending it without the agent, which has no more output of it.
    if (execution.completion) return completion.completeLateOutput(execution.id);
    const hasNeverStarted = execution.status === 'queued' && execution.journalId === journalId;
    if (hasNeverStarted) {
      dispatcher.returnToQueue(agent, execution);
      completion.persist(execution.id, { sent: false }).catch(() => undefined);
      return;
    }
    dispatcher.endInBackground(execution, {
      event: 'failed',
      error: {
        code: 'agent_lost',
        message: `"${agent.agentId}" reconnected, but has no record of this command. Check what the command did before you run it again.`,
      },
    });
  }
}
