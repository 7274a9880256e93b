// Whether an agent is online, busy or offline. Each change is published as one `agent:status`.
import { type AgentStatus, nextAgentStatus } from '../protocol/agent-status.ts';
import type { AgentSummary } from '../protocol/entities.ts';
import type { Broadcast } from './broadcast.ts';
import type { HubContext } from './context.ts';
import type { AgentConnection } from './state/agent.ts';

export type Presence = ReturnType<typeof createPresence>;

export function createPresence({ state, clock, settings }: HubContext, broadcast: Broadcast) {
  /** The status that follows from the agent's connection and work. */
  function currentStatus(agent: AgentConnection): AgentStatus {
    if (agent.remote) return agent.remote.summary.status;
    if (!agent.connection.link) return 'offline';
    return agent.current || agent.stopping.size > 0 ? 'busy' : 'online';
  }

  /** Whether its running command has had no output for longer than `--stuck-after`. */
  function isSuspectedStuck({ status, current, lastOutputAt }: AgentConnection): boolean {
    if (status !== 'busy' || !current?.startedAt || current.timeout.isPaused) return false;
    const lastActivity = Math.max(current.startedAt, lastOutputAt ?? 0);
    return clock.now() - lastActivity >= settings.stuckAfterMs;
  }

  function publishStatus({ agentId, status }: AgentConnection) {
    broadcast.toDashboards(agentId, {
      type: 'agent:status',
      agentId,
      status,
      timestamp: clock.now(),
    });
  }

  return {
    /** Publishes a new agent. */
    publishAdded: publishStatus,
    /** Publishes that an agent was removed. */
    publishRemoved({ agentId }: AgentConnection) {
      broadcast.toDashboards(agentId, { type: 'agent:removed', agentId });
    },
    /** Publishes that something other than the status has changed. */
    publishUpdate({ agentId }: AgentConnection) {
      broadcast.toDashboards(agentId, { type: 'agent:updated', agentId });
    },
    /** Updates an agent's status and publishes it if it changed. */
    update(agent: AgentConnection) {
      const status = currentStatus(agent);
      if (status === agent.status) return;
      agent.status = nextAgentStatus(agent.status, eventBetween(agent.status, status));
      publishStatus(agent);
    },
    /** The public fields of an agent. `currentCommand` is set only while it is busy. */
    summarize(agent: AgentConnection): AgentSummary {
      const { connection, current, remote } = agent;
      const [stopping] = agent.stopping;
      const queueLength = (state.commandQueue.get(agent.agentId) ?? []).filter(
        ({ cancellation }) => !cancellation,
      ).length;
      if (remote) {
        const { labels, paused } = agent;
        return { ...remote.summary, labels: [...labels], paused, queueLength };
      }
      return {
        agentId: agent.agentId,
        agentType: agent.agentType,
        labels: [...agent.labels],
        status: agent.status,
        capabilities: agent.capabilities,
        commandDescriptions: agent.descriptions,
        connectionTime: agent.connectionTime,
        lastHeartbeat: agent.lastHeartbeat,
        currentCommand: agent.status === 'busy' ? (current?.id ?? stopping ?? null) : null,
        queueLength,
        offlineSince: connection.link ? null : connection.since,
        lastOutputAt: agent.lastOutputAt,
        process: agent.process,
        suspectedStuck: isSuspectedStuck(agent),
        waitingForApproval: current?.timeout.isPaused ?? false,
        notice: agent.notice,
        paused: agent.paused,
      };
    },
  };
}

function eventBetween(from: AgentStatus, to: AgentStatus) {
  if (to === 'offline') return 'disconnected';
  if (to === 'online') return from === 'busy' ? 'released' : 'connected';
  return from === 'offline' ? 'resumed' : 'assigned';
}
