// Whether an agent is online, busy or offline, and telling it: each change is one `agent:status`.
import { type AgentStatus, nextAgentStatus } from '../protocol/agent-status.ts';
import type { AgentSummary } from '../protocol/entities.ts';
import type { AgentConnection } from './state/agent.ts';
import type { Authority } from './broadcast.ts';
import type { HubContext } from './state/server-state.ts';

export type AgentPresence = ReturnType<typeof createAgentPresence>;

export function createAgentPresence({ state, clock, settings }: HubContext, authority: Authority) {
  /** What is true of an agent now, from its socket and its work. */
  function actual(agent: AgentConnection): AgentStatus {
    if (!agent.link) return 'offline';
    return agent.current || agent.stopping.size > 0 ? 'busy' : 'online';
  }

  /** Whether its running command has not been heard of for suspiciously long. */
  function isSuspectedStuck({ status, current, lastOutputAt }: AgentConnection): boolean {
    if (status !== 'busy' || !current?.startedAt || current.waitingSince !== null) return false;
    const lastSign = Math.max(current.startedAt, lastOutputAt ?? 0);
    return clock.now() - lastSign >= settings.stuckAfterMs;
  }

  function tell({ agentId, status }: AgentConnection) {
    authority.tellEveryone({ type: 'agent:status', agentId, status, timestamp: clock.now() });
  }

  return {
    /** Tells everyone where an agent stands. */
    tell,
    /** Moves an agent's status to what is true now, and tells everyone if that is a change. */
    settle(agent: AgentConnection) {
      const status = actual(agent);
      if (status === agent.status) return;
      agent.status = nextAgentStatus(agent.status, eventTo(agent.status, status));
      tell(agent);
    },
    /** What others are told of an agent. `currentCommand` is set only while it is busy. */
    summary(agent: AgentConnection): AgentSummary {
      const [stopping] = agent.stopping;
      return {
        agentId: agent.agentId,
        agentType: agent.agentType,
        status: agent.status,
        capabilities: agent.capabilities,
        connectionTime: agent.connectionTime,
        lastHeartbeat: agent.lastHeartbeat,
        currentCommand: agent.status === 'busy' ? (agent.current?.id ?? stopping ?? null) : null,
        queueLength: state.commandQueue.get(agent.agentId)?.length ?? 0,
        awaySince: agent.awaySince,
        lastOutputAt: agent.lastOutputAt,
        process: agent.process,
        suspectedStuck: isSuspectedStuck(agent),
        waitingForApproval: agent.current !== null && agent.current.waitingSince !== null,
        notice: agent.notice,
      };
    },
  };
}

function eventTo(from: AgentStatus, to: AgentStatus) {
  if (to === 'offline') return 'disconnected';
  if (to === 'online') return from === 'busy' ? 'released' : 'connected';
  return from === 'offline' ? 'resumed' : 'assigned';
}
