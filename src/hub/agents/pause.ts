// Pauses agents: a paused agent finishes its command, and receives no queued commands until it is resumed.
import type { PauseBody } from '../../protocol/api.ts';
import type { Pause } from '../../protocol/entities.ts';
import type { AgentSummary } from '../../protocol/entities.ts';
import type { AuditEntry } from '../../protocol/audit.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import type { HubContext } from '../context.ts';
import { requireAgent } from '../grants.ts';
import type { Presence } from '../presence.ts';
import { requirePermission } from '../require-permission.ts';
import type { AgentConnection } from '../state/agent.ts';
import type { Registry } from './registry.ts';
import type { Actor } from '../state/dashboard.ts';

interface PauseParts {
  dispatcher: Dispatcher;
  presence: Presence;
  registry: Pick<Registry, 'whileWriting'>;
}

export type PauseAgents = ReturnType<typeof createPauseAgents>;

export function createPauseAgents(
  { state, store, clock, storeHealth, audit }: HubContext,
  { dispatcher, presence, registry }: PauseParts,
) {
  /** @throws {HubError} forbidden, agent_unknown */
  function requireManagedAgent(actor: Actor, agentId: string): AgentConnection {
    requirePermission(actor, 'queue:manage');
    return requireAgent(state, actor, agentId);
  }

  async function save(agent: AgentConnection, paused: Pause | null, entry: AuditEntry) {
    const { agentId } = agent;
    const write = store.agents.update(agentId, { paused }, entry);
    await storeHealth.save(registry.whileWriting(agentId, write));
    agent.paused = paused;
    presence.publishUpdate(agent);
    dispatcher.dispatchNext(agent);
    return presence.summarize(agent);
  }

  return {
    /**
     * Pauses an agent, or changes the note of one that is paused.
     * @throws {HubError} forbidden, agent_unknown, unavailable
     */
    async pause(actor: Actor, agentId: string, body: PauseBody): Promise<AgentSummary> {
      const agent = requireManagedAgent(actor, agentId);
      const note = body.note?.trim() || null;
      const entry = audit.createEntry(actor, {
        action: 'agent.paused',
        target: agentId,
        detail: { note },
      });
      return save(agent, { by: actor.userId, at: clock.now(), note }, entry);
    },
    /**
     * Sends queued commands to an agent again. Has no effect on an agent that is not paused.
     * @throws {HubError} forbidden, agent_unknown, unavailable
     */
    async resume(actor: Actor, agentId: string): Promise<AgentSummary> {
      const agent = requireManagedAgent(actor, agentId);
      if (agent.paused === null) return presence.summarize(agent);
      return save(
        agent,
        null,
        audit.createEntry(actor, { action: 'agent.resumed', target: agentId }),
      );
    },
  };
}
