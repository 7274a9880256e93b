// What a connected agent says, and what that sets going.
import type { AgentToHub } from '../../protocol/agent-to-hub.ts';
import { reportOf } from '../../protocol/report.ts';
import type { AgentConnection } from '../state/agent.ts';
import type { AgentPresence } from '../presence.ts';
import type { Approvals } from '../approvals.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import { tellAgent } from '../link.ts';
import type { HubContext } from '../state/server-state.ts';
import type { Terminals } from '../terminals/terminals.ts';

export interface AgentInboxParts {
  approvals: Approvals;
  dispatcher: Dispatcher;
  presence: AgentPresence;
  terminals: Terminals;
}

/** Whether an agent may speak of a command: it runs it, or has still to end it. */
export function holds({ current, stopping }: AgentConnection, commandId: string): boolean {
  return current?.id === commandId || stopping.has(commandId);
}

export function createAgentInbox({ clock, log }: HubContext, parts: AgentInboxParts) {
  const { approvals, dispatcher, presence, terminals } = parts;

  /** Records a result, and acknowledges it once that is committed. */
  async function finish(
    agent: AgentConnection,
    message: Extract<AgentToHub, { type: 'command:finished' }>,
  ) {
    const { link } = agent;
    const { commandId } = message;
    await dispatcher.finished(agent, message);
    if (link && agent.link === link) tellAgent(link, { type: 'command:acknowledged', commandId });
  }

  /** Does something that takes time; what goes wrong is logged. */
  function begin(work: Promise<void>, type: AgentToHub['type'], { agentId }: AgentConnection) {
    work.catch((error: unknown) => {
      log.error('A message of an agent was refused.', { agentId, type, error });
    });
  }

  /** Takes one message of a connected agent. What is about a command it does not hold is ignored. */
  return function receive(agent: AgentConnection, message: AgentToHub): void {
    switch (message.type) {
      case 'agent:connect':
        return;
      case 'agent:capabilities':
        agent.capabilities = message.capabilities;
        agent.notice = message.notice ?? null;
        return presence.tell(agent);
      case 'agent:heartbeat':
        agent.process = message.process ?? null;
        return;
      case 'command:started': {
        const { current } = agent;
        if (current?.id === message.commandId && current.status === 'queued') {
          dispatcher.started(current);
        }
        return;
      }
      case 'terminal:output':
        if (!holds(agent, message.commandId)) return;
        agent.lastOutputAt = clock.now();
        terminals.get(message.commandId)?.write(message.sequence, message.stream, message.data);
        return;
      case 'terminal:gap':
        if (!holds(agent, message.commandId)) return;
        terminals.get(message.commandId)?.lose(message.nextSequence, message.bytes);
        return;
      case 'command:report': {
        const { current } = agent;
        if (current?.id === message.commandId) dispatcher.reported(current, reportOf(message));
        return;
      }
      case 'command:finished':
        return begin(finish(agent, message), message.type, agent);
      case 'approval:request':
        if (agent.current?.id !== message.commandId) return;
        return begin(approvals.asked(agent, message), message.type, agent);
      case 'approval:applied':
        return begin(approvals.applied(message.approvalId), message.type, agent);
      default:
        message satisfies never;
    }
  };
}
