// The agents that may connect: added and removed by admins, told to whoever asks.
import type { AgentRegistered, AgentRegistration } from '../../protocol/api.ts';
import { type AgentSummary, mayActAs } from '../../protocol/entities.ts';
import { Refusal } from '../../protocol/errors.ts';
import { createAgentConnection } from '../state/agent.ts';
import type { AgentPresence } from '../presence.ts';
import type { Agents } from './agents.ts';
import type { Actor } from '../state/dashboard.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import { removed } from '../commands/outcome.ts';
import type { HubContext } from '../state/server-state.ts';
import { createToken, hashToken, isTokenOf } from './token.ts';

export interface RegistryParts {
  agents: Agents;
  dispatcher: Dispatcher;
  presence: AgentPresence;
}

export function createRegistry({ state, store, clock, storage }: HubContext, parts: RegistryParts) {
  const { agents, dispatcher, presence } = parts;

  function mustBeAdmin({ role }: Actor) {
    if (!mayActAs(role, 'admin')) {
      throw new Refusal('forbidden', 'Only admins may add and remove agents.');
    }
  }

  return {
    /** Every agent, by id. */
    list: (): AgentSummary[] =>
      [...state.agents.values()]
        .toSorted((a, b) => a.agentId.localeCompare(b.agentId))
        .map(presence.summary),
    find(agentId: string): AgentSummary | undefined {
      const agent = state.agents.get(agentId);
      return agent && presence.summary(agent);
    },
    /** Whether an agent of this id may connect with this token. */
    isToken(agentId: string, token: string): boolean {
      const agent = state.agents.get(agentId);
      return agent !== undefined && isTokenOf(agent.tokenHash, token);
    },
    /**
     * Lets an agent connect. The token is told here, and never again: only its hash is kept.
     * @throws {Refusal} forbidden, agent_exists, unavailable
     */
    async register(who: Actor, body: AgentRegistration): Promise<AgentRegistered> {
      mustBeAdmin(who);
      if (state.agents.has(body.agentId)) {
        throw new Refusal('agent_exists', `There is an agent "${body.agentId}" already.`);
      }
      const token = createToken();
      const agent = {
        ...body,
        tokenHash: hashToken(token),
        createdAt: clock.now(),
        createdBy: who.userId,
      };
      const connection = createAgentConnection(agent);
      state.agents.set(agent.agentId, connection);
      try {
        await store.agents.insert(agent);
      } catch (error) {
        state.agents.delete(agent.agentId);
        storage.failed(error);
        throw new Refusal('unavailable', 'The hub cannot store agents now: try again soon.');
      }
      presence.tell(connection);
      return { ...body, token };
    },
    /**
     * Removes an agent: its socket is closed, and its commands end.
     * @throws {Refusal} forbidden, agent_unknown, unavailable
     */
    async revoke(who: Actor, agentId: string): Promise<void> {
      mustBeAdmin(who);
      const agent = state.agents.get(agentId);
      if (!agent) throw new Refusal('agent_unknown', `There is no agent "${agentId}".`);
      try {
        await store.agents.remove(agentId);
      } catch (error) {
        storage.failed(error);
        throw new Refusal('unavailable', 'The hub cannot remove agents now: try again soon.');
      }
      agents.revoke(agent);
      state.agents.delete(agentId);
      for (const command of dispatcher.all()) {
        if (command.agentId === agentId) dispatcher.endSoon(command, removed(command));
      }
      state.commandQueue.delete(agentId);
      presence.tell(agent);
    },
  };
}
