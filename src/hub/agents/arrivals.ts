// Agents that connect to one of several hubs: each waits until this hub is known to be the owner, or has become it and has
// restored its commands.
import type { AgentConnect } from '../../protocol/agent-to-hub.ts';
import { CloseCode } from '../../protocol/close-codes.ts';
import type { StoredAgentToken } from '../../store/store.ts';
import type { HubContext } from '../context.ts';
import type { Link } from '../link.ts';
import type { AgentConnection } from '../state/agent.ts';

/** A first message with a valid token. */
export interface Attempt {
  link: Link;
  token: StoredAgentToken;
  message: AgentConnect;
}

/** `moved` if the agent is to connect to another hub. */
export type Claimed = 'claimed' | 'in_use' | 'moved';

export interface ArrivalsParts {
  /** Makes this hub the owner of an agent that connects to it. */
  claim: (agentId: string, instanceId: string) => Promise<Claimed>;
  admit: (agent: AgentConnection, attempt: Attempt) => void;
  /** Called with an agent whose connection was closed while it waited. */
  handleGone: (agent: AgentConnection) => void;
  /** Rejects an agent of which another process is connected. */
  rejectInUse: (attempt: Attempt) => void;
}

export function createArrivals(
  { state, log }: Pick<HubContext, 'state' | 'log'>,
  { claim, admit, handleGone, rejectInUse }: ArrivalsParts,
) {
  const arriving = new Set<Link>();
  /** The latest connection of each agent. An earlier one whose loss is not known yet must not replace it. */
  const latest = new Map<string, Link>();

  async function arrive(attempt: Attempt) {
    const { link, message } = attempt;
    const { agentId, instanceId } = message;
    try {
      const result = await claim(agentId, instanceId);
      const agent = state.agents.get(agentId);
      const isLatest = latest.get(agentId) === link;
      if (!arriving.has(link)) {
        if (agent && isLatest) handleGone(agent);
      } else if (!isLatest) link.close(CloseCode.tryAgainLater, 'limit');
      else if (!agent || result === 'moved') link.close(CloseCode.goingAway, 'moved');
      else if (result === 'in_use') rejectInUse(attempt);
      else admit(agent, attempt);
    } catch (error) {
      log.warn('Could not claim an agent.', { agentId, error });
      link.close(CloseCode.tryAgainLater, 'limit');
    } finally {
      arriving.delete(link);
      if (latest.get(agentId) === link) latest.delete(agentId);
    }
  }

  return {
    /** Accepts a connection as soon as this hub owns the agent, or rejects it. */
    add(attempt: Attempt): void {
      arriving.add(attempt.link);
      latest.set(attempt.message.agentId, attempt.link);
      void arrive(attempt);
    },
    /** How many agents wait. */
    count: () => arriving.size,
    /** Handles a closed socket. */
    handleClose: (link: Link) => void arriving.delete(link),
  };
}
