// The tokens of an agent: listed, added and revoked by admins. Several tokens allow replacing one without an interruption.
import type { AuditDetail } from '../../protocol/audit.ts';
import { HubError } from '../../protocol/errors.ts';
import { MAX_AGENT_TOKENS } from '../../protocol/limits.ts';
import type {
  AgentTokenBody,
  AgentTokenSummary,
  CreatedAgentToken,
} from '../../protocol/tokens.ts';
import type { StoredAgentToken } from '../../store/store.ts';
import type { HubContext } from '../context.ts';
import { requireAgent } from '../grants.ts';
import { requirePermission } from '../require-permission.ts';
import type { AgentConnection } from '../state/agent.ts';
import type { Actor } from '../state/dashboard.ts';
import type { Agents } from './agents.ts';
import type { TokenIndex } from '../token-index.ts';

export interface AgentTokensParts {
  agents: Pick<Agents, 'revokeToken'>;
  tokenIndex: TokenIndex<StoredAgentToken>;
}

export type AgentTokens = ReturnType<typeof createAgentTokens>;

export function createAgentTokens(
  { state, clock, audit }: Pick<HubContext, 'state' | 'clock' | 'audit'>,
  { agents, tokenIndex }: AgentTokensParts,
) {
  const listOf = (agentId: string) => tokenIndex.list((token) => token.agentId === agentId);

  return {
    /** Reads the tokens of all agents again, and closes connections whose token another hub has revoked. */
    reload: () =>
      tokenIndex.reload((revoked) => {
        for (const { id, agentId } of revoked) {
          const agent = state.agents.get(agentId);
          if (agent) agents.revokeToken(agent, id);
        }
      }),
    /**
     * Lists the tokens of an agent, oldest first.
     * @throws {HubError} forbidden, agent_unknown
     */
    list(actor: Actor, agentId: string): AgentTokenSummary[] {
      requirePermission(actor, 'agents:manage');
      const agent = requireAgent(state, actor, agentId);
      return listOf(agentId).map((token) => toSummary(agent, token));
    },
    /**
     * Adds a token. Its secret is returned once: only the hash is stored.
     * @throws {HubError} forbidden, agent_unknown, invalid_message, token_limit, unavailable
     */
    async add(
      actor: Actor,
      agentId: string,
      { name, expiresAt }: AgentTokenBody,
    ): Promise<CreatedAgentToken> {
      requirePermission(actor, 'agents:manage');
      const agent = requireAgent(state, actor, agentId);
      if (expiresAt !== undefined && expiresAt <= clock.now()) {
        throw new HubError('invalid_message', 'The expiry must be in the future.');
      }
      if (listOf(agentId).length >= MAX_AGENT_TOKENS) {
        throw new HubError(
          'token_limit',
          `"${agentId}" already has ${MAX_AGENT_TOKENS} tokens. Revoke one first.`,
        );
      }
      const { secret, fields } = tokenIndex.issue();
      const token = {
        ...fields,
        agentId,
        name: name ?? null,
        createdBy: actor.userId,
        expiresAt: expiresAt ?? null,
      };
      const entry = audit.createEntry(actor, {
        action: 'agent_token.added',
        target: agentId,
        detail: describe(token),
      });
      await tokenIndex.save(token, entry);
      if (state.agents.get(agentId) !== agent) {
        // It was removed meanwhile, and so must be a token that was stored after that.
        tokenIndex.revoke([token]);
        requireAgent(state, actor, agentId);
      }
      return { ...toSummary(agent, token), token: secret };
    },
    /**
     * Revokes a token: it stops working at once, and a connection that was opened with it is closed.
     * @throws {HubError} forbidden, agent_unknown, not_found
     */
    revoke(actor: Actor, agentId: string, id: string): void {
      requirePermission(actor, 'agents:manage');
      const agent = requireAgent(state, actor, agentId);
      const token = listOf(agentId).find((one) => one.id === id);
      if (!token) throw new HubError('not_found', 'Token not found.');
      const entry = audit.createEntry(actor, {
        action: 'agent_token.revoked',
        target: agentId,
        detail: describe(token),
      });
      tokenIndex.revoke([token], entry);
      agents.revokeToken(agent, id);
    },
  };
}

function toSummary(
  { connection }: AgentConnection,
  { tokenHash, ...token }: StoredAgentToken,
): AgentTokenSummary {
  return { ...token, isInUse: connection.link !== null && connection.tokenId === token.id };
}

const describe = ({ id, name, expiresAt }: StoredAgentToken): AuditDetail => ({
  id,
  name,
  expiresAt,
});
