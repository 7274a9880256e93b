// The check whether a user may see and use an agent.
import { hasRole } from '../protocol/entities.ts';
import { HubError } from '../protocol/errors.ts';
import type { Grants } from '../protocol/grants.ts';
import type { AgentConnection } from './state/agent.ts';
import type { Actor } from './state/dashboard.ts';
import type { ServerState } from './state/server-state.ts';

type User = Pick<Actor, 'role' | 'agents'>;

/** Whether a user may see all agents, also those that are added later. */
export function seesAllAgents({ role, agents }: User): boolean {
  return agents === null || hasRole(role, 'admin');
}

/** Whether a user may see and use an agent. An agent that was removed has no labels. */
export function maySee({ agents }: ServerState, user: User, agentId: string): boolean {
  if (user.agents === null || seesAllAgents(user)) return true;
  const labels = agents.get(agentId)?.labels ?? [];
  return [agentId, ...labels.map((label) => `label:${label}`)].some((name) =>
    user.agents?.includes(name),
  );
}

/**
 * Finds an agent that a user may see and use. Others do not exist for the user.
 * @throws {HubError} agent_unknown
 */
export function requireAgent(state: ServerState, user: User, agentId: string): AgentConnection {
  const agent = state.agents.get(agentId);
  if (agent && maySee(state, user, agentId)) return agent;
  throw new HubError('agent_unknown', `Agent "${agentId}" not found.`);
}

/**
 * Checks the agents of a user. A label may be granted before an agent has it, and an agent that was removed stays granted.
 * @param granted what the user has been granted until now
 * @throws {HubError} agent_unknown
 */
export function requireGrantable({ agents }: ServerState, names: Grants, granted: Grants): void {
  const unknown = names?.find(
    (name) => !name.startsWith('label:') && !agents.has(name) && !granted?.includes(name),
  );
  if (unknown !== undefined) throw new HubError('agent_unknown', `There is no agent ${unknown}.`);
}
