// The registered agents: listed, added and removed.
import type { AgentChanges, AgentRegistration, RegisteredAgent } from '../../protocol/api.ts';
import type { AgentSummary } from '../../protocol/entities.ts';
import { HubError } from '../../protocol/errors.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import { removedOutcome } from '../commands/outcome.ts';
import type { HubContext } from '../context.ts';
import { requireAgent } from '../grants.ts';
import type { Dashboards } from '../dashboards/dashboards.ts';
import type { Presence } from '../presence.ts';
import { type AgentConnection, createAgentConnection } from '../state/agent.ts';
import type { Actor } from '../state/dashboard.ts';
import { requirePermission } from '../require-permission.ts';
import { listExecutions } from '../state/server-state.ts';
import type { Agents } from './agents.ts';
import { createPendingWrites } from '../../store/pending-writes.ts';
import { isDuplicate } from '../store-health.ts';
import { abandon } from '../state/execution.ts';
import type { StoredAgent, StoredAgentToken } from '../../store/store.ts';
import type { Terminals } from '../terminals/terminals.ts';
import type { TokenIndex } from '../token-index.ts';

export interface RegistryParts {
  agents: Agents;
  dashboards: Pick<Dashboards, 'refreshRestricted'>;
  dispatcher: Dispatcher;
  presence: Presence;
  terminals: Pick<Terminals, 'releaseAgent'>;
  tokenIndex: TokenIndex<StoredAgentToken>;
}

export type Registry = ReturnType<typeof createRegistry>;

export function createRegistry(
  { state, store, clock, storeHealth, audit }: HubContext,
  { agents, dashboards, dispatcher, presence, terminals, tokenIndex }: RegistryParts,
) {
  const writes = createPendingWrites();

  function removeTokens(agentId: string) {
    for (const token of tokenIndex.list((one) => one.agentId === agentId)) tokenIndex.remove(token);
  }

  function publishRemoved(agent: AgentConnection) {
    presence.publishRemoved(agent);
    // The labels of the agent are unknown now, so users who were granted it by label did not receive this.
    dashboards.refreshRestricted();
  }

  /** Forgets an agent that another hub has removed. That hub ends its commands, which is published then. */
  function forget(agent: AgentConnection) {
    const { agentId } = agent;
    removeTokens(agentId);
    state.agents.delete(agentId);
    agents.disconnectRemoved(agent);
    for (const execution of state.executions.values()) {
      if (execution.agentId === agentId) abandon(execution);
    }
    state.commandQueue.delete(agentId);
    terminals.releaseAgent(agentId);
    publishRemoved(agent);
  }

  function add(agent: StoredAgent) {
    const connection = createAgentConnection(agent);
    state.agents.set(agent.agentId, connection);
    presence.publishAdded(connection);
  }

  /** Updates what hubs other than the owner of an agent change. */
  function update(agent: AgentConnection, { labels, paused }: StoredAgent) {
    const hasLabels = Bun.deepEquals(agent.labels, labels);
    if (hasLabels && Bun.deepEquals(agent.paused, paused)) return;
    Object.assign(agent, { labels, paused });
    if (!hasLabels) dashboards.refreshRestricted();
    presence.publishUpdate(agent);
    dispatcher.dispatchNext(agent);
  }

  return {
    /** Reads the agents again, and applies what other hubs have added, changed and removed. */
    reload: () =>
      writes.reload<StoredAgent>({
        list: store.agents.list,
        idOf: ({ agentId }) => agentId,
        apply(rows, isGone) {
          for (const agent of state.agents.values()) {
            if (isGone(agent.agentId)) forget(agent);
          }
          for (const row of rows) {
            const known = state.agents.get(row.agentId);
            if (known?.createdAt === row.createdAt) {
              update(known, row);
              continue;
            }
            // It was removed and added again.
            if (known) forget(known);
            add(row);
          }
        },
      }),
    /** Notes a change of an agent in the store, so that reading it meanwhile does not undo the change. */
    whileWriting: <T>(agentId: string, write: Promise<T>): Promise<T> =>
      writes.during([agentId], write),
    /** All agents, sorted by ID. */
    list: (): AgentSummary[] =>
      [...state.agents.values()]
        .toSorted((a, b) => a.agentId.localeCompare(b.agentId))
        .map(presence.summarize),
    find(agentId: string): AgentSummary | undefined {
      const agent = state.agents.get(agentId);
      return agent && presence.summarize(agent);
    },
    /** Whether an agent can connect with this ID and token. */
    verifyToken(agentId: string, secret: string): boolean {
      const token = tokenIndex.find(secret);
      if (token?.agentId !== agentId) return false;
      tokenIndex.touch(token.id);
      return true;
    },
    /** The ID of a valid token, whichever agent has it. Of an agent that another hub has added, the token may be known first. */
    findTokenId(secret: string): string | undefined {
      const token = tokenIndex.find(secret);
      return token && state.agents.has(token.agentId) ? token.id : undefined;
    },
    /**
     * Adds an agent. Its token is returned once: only the hash is stored.
     * @throws {HubError} forbidden, agent_exists, unavailable
     */
    async register(actor: Actor, body: AgentRegistration): Promise<RegisteredAgent> {
      requirePermission(actor, 'agents:manage');
      if (state.agents.has(body.agentId)) {
        throw new HubError('agent_exists', `An agent "${body.agentId}" already exists.`);
      }
      const { secret, fields } = tokenIndex.issue();
      const token = {
        ...fields,
        agentId: body.agentId,
        name: null,
        createdBy: actor.userId,
        expiresAt: null,
      };
      const agent = {
        ...body,
        labels: body.labels ?? [],
        createdAt: clock.now(),
        createdBy: actor.userId,
        connectionTime: null,
        lastHeartbeat: null,
        capabilities: [],
        paused: null,
      };
      const connection = createAgentConnection(agent);
      state.agents.set(agent.agentId, connection);
      const entry = audit.createEntry(actor, {
        action: 'agent.added',
        target: agent.agentId,
        detail: { agentType: agent.agentType },
      });
      try {
        await writes.during([agent.agentId], store.agents.insert(agent, token, entry));
      } catch (error) {
        state.agents.delete(agent.agentId);
        if (isDuplicate(error)) {
          throw new HubError('agent_exists', `An agent "${body.agentId}" already exists.`);
        }
        storeHealth.reportFailure(error);
        throw new HubError('unavailable', 'Could not save the agent. Try again.');
      }
      tokenIndex.add(token);
      presence.publishAdded(connection);
      return { ...body, token: secret };
    },
    /**
     * Changes the labels of an agent. Users who are granted agents by label reconnect, to see what changes for them.
     * @throws {HubError} forbidden, agent_unknown, unavailable
     */
    async change(actor: Actor, agentId: string, { labels }: AgentChanges): Promise<AgentSummary> {
      requirePermission(actor, 'agents:manage');
      const agent = requireAgent(state, actor, agentId);
      const entry = audit.createEntry(actor, {
        action: 'agent.changed',
        target: agentId,
        detail: { labels: labels.join(',') },
      });
      const write = store.agents.update(agentId, { labels }, entry);
      await storeHealth.save(writes.during([agentId], write));
      agent.labels = labels;
      dashboards.refreshRestricted();
      presence.publishUpdate(agent);
      return presence.summarize(agent);
    },
    /**
     * Removes an agent: closes its connection and fails its commands.
     * @throws {HubError} forbidden, agent_unknown, unavailable
     */
    async remove(actor: Actor, agentId: string): Promise<void> {
      requirePermission(actor, 'agents:manage');
      const agent = requireAgent(state, actor, agentId);
      const entry = audit.createEntry(actor, { action: 'agent.removed', target: agentId });
      const write = writes.during([agentId], store.agents.remove(agentId, entry));
      await storeHealth.save(write, 'Could not remove the agent. Try again.');
      removeTokens(agentId);
      agents.revoke(agent);
      state.agents.delete(agentId);
      for (const execution of listExecutions(state)) {
        if (execution.agentId !== agentId) continue;
        dispatcher.endInBackground(execution, removedOutcome(execution));
      }
      state.commandQueue.delete(agentId);
      publishRemoved(agent);
    },
  };
}
