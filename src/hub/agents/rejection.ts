// Rejects agents that try to connect. Rejections are logged and recorded, with a count if there are many.
import { CloseCode } from '../../protocol/close-codes.ts';
import type { HubContext } from '../context.ts';
import { type Link, sendToAgent } from '../link.ts';
import { createRejectedAttempts } from '../rejected-attempts.ts';

interface Rejection {
  reason: 'wrong_token' | 'wrong_type' | 'agent_in_use';
  /** The ID in the agent's first message. It may not exist. */
  agentId: string;
  /** The ID of the agent's token, if that was valid. */
  tokenId?: string;
  message: string;
}

type Attempt = Partial<Pick<Rejection, 'reason' | 'agentId' | 'tokenId'>> & {
  address: string | null;
};

/** Creates a function that rejects an agent and closes its socket. */
export function createRejection({
  state,
  clock,
  log,
  audit,
}: Pick<HubContext, 'state' | 'clock' | 'log' | 'audit'>) {
  function report({ address, agentId, reason, tokenId }: Attempt, count: number) {
    log.warn('Rejected agents.', { agentId, address, reason, count });
    audit.recordFailure(
      {
        kind: 'agent',
        userId: (tokenId !== undefined && agentId) || null,
        address,
        ...(tokenId !== undefined && { sessionId: tokenId }),
      },
      {
        action: 'agent.rejected',
        ...(agentId !== undefined && { target: agentId }),
        detail: { ...(reason && { reason }), rejected: count },
      },
    );
  }

  const countAttempt = createRejectedAttempts<Attempt>(clock, { address: null }, report);

  return (link: Link, { agentId, reason, tokenId, message }: Rejection) => {
    countAttempt({
      address: link.address,
      reason,
      ...(tokenId !== undefined && { tokenId }),
      ...(state.agents.has(agentId) && { agentId }),
    });
    sendToAgent(link, { type: 'error', code: 'not_authenticated', message, agentId });
    const isInUse = reason === 'agent_in_use';
    link.close(CloseCode.policyViolation, isInUse ? reason : 'unauthenticated');
  };
}
