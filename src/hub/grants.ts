// The check whether a user may see and use an agent.
import { hasRole } from '../protocol/entities.ts';
import { HubError } from '../protocol/errors.ts';
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
 * Throws the same error as for an agent that does not exist.
 * @throws {HubError} agent_unknown
 */
export function requireGrant(state: ServerState, user: User, agentId: string): void {
  if (maySee(state, user, agentId)) return;
  throw new HubError('agent_unknown', `Agent "${agentId}" not found.`);
}
