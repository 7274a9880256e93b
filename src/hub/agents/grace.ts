// Agents that are expected to connect: their commands keep their status for the grace period.
import { formatDuration } from '../../protocol/duration.ts';
import { stoppedOutcome } from '../commands/outcome.ts';
import type { Completion } from '../commands/completion.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import type { HubContext } from '../context.ts';
import type { Presence } from '../presence.ts';
import type { AgentConnection } from '../state/agent.ts';

interface GraceParts {
  completion: Completion;
  dispatcher: Dispatcher;
  presence: Presence;
}

/** Returns a function that expects an agent which is not connected. */
export function createGrace(
  { clock, settings, ownership }: Pick<HubContext, 'clock' | 'settings' | 'ownership'>,
  { completion, dispatcher, presence }: GraceParts,
) {
  /** Fails the command of an offline agent unless the agent reconnects within the grace period. */
  function startGrace(agent: AgentConnection) {
    const { connection } = agent;
    if (connection.link || connection.cancelGrace) return;
    connection.cancelGrace = clock.after(settings.agentGraceMs, () => {
      connection.cancelGrace = null;
      for (const commandId of agent.stopping) completion.completeLateOutput(commandId);
      if (!agent.current) return;
      if (agent.current.stopReason) {
        const outcome = stoppedOutcome(agent.current);
        return dispatcher.endInBackground(agent.current, outcome);
      }
      const grace = formatDuration(settings.agentGraceMs);
      dispatcher.endInBackground(agent.current, {
        event: 'failed',
        error: {
          code: 'agent_lost',
          message: `"${agent.agentId}" went offline and did not reconnect within ${grace}. Check that its machine and process are running.`,
        },
      });
    });
  }

  /** Shows that an agent is offline, and ends its command unless it connects within the grace period. */
  return (agent: AgentConnection): void => {
    if (agent.connection.link || !ownership.owns(agent.agentId)) return;
    presence.update(agent);
    if (agent.current?.delivery === 'sent' || agent.stopping.size > 0) startGrace(agent);
  };
}
