// Lists files of an agent's folder, for the completion of `@`. The agent searches; the hub only forwards (docs/protocol.md,
// "files:list").
import type { FilesListed } from '../../protocol/agent-to-hub.ts';
import type { FileMatches } from '../../protocol/api.ts';
import { HubError } from '../../protocol/errors.ts';
import {
  FILE_LIST_TIMEOUT_MS,
  MAX_FILE_REQUESTS,
  MAX_LISTED_FILES,
} from '../../protocol/limits.ts';
import type { HubContext } from '../context.ts';
import { requireAgent } from '../grants.ts';
import type { Link } from '../link.ts';
import { requirePermission } from '../require-permission.ts';
import { createAgentRequests } from './requests.ts';
import type { Actor } from '../state/dashboard.ts';

export type AgentFiles = ReturnType<typeof createAgentFiles>;

export function createAgentFiles({ state, clock }: HubContext) {
  const requests = createAgentRequests<FileMatches | null>(clock, FILE_LIST_TIMEOUT_MS);

  return {
    /**
     * Asks an agent for the files that match a search.
     * @throws {HubError} forbidden, agent_unknown, agent_offline, not_found if the agent cannot list files,
     * rate_limited, unavailable if it does not answer within 5 s
     */
    async search(actor: Actor, agentId: string, query: string): Promise<FileMatches> {
      requirePermission(actor, 'commands:send');
      const agent = requireAgent(state, actor, agentId);
      const { link } = agent.connection;
      if (!link) throw new HubError('agent_offline', `Agent "${agentId}" is offline.`);
      if (!agent.capabilities.includes('files')) {
        throw new HubError('not_found', 'This agent does not list files. Update it.');
      }
      if (requests.count(link) >= MAX_FILE_REQUESTS) {
        throw new HubError('rate_limited', 'Too many searches for files. Try again later.');
      }
      const matches = await requests.ask(
        link,
        (requestId) => ({ type: 'files:list', requestId, query, limit: MAX_LISTED_FILES }),
        null,
      );
      if (matches) return matches;
      throw new HubError('unavailable', 'The agent did not list its files in time.');
    },
    /** Handles an agent's answer. Ignored unless this connection was asked. */
    receive(link: Link, { requestId, files, isTruncated }: FilesListed) {
      requests.answer(link, requestId, { items: files, isTruncated });
    },
  };
}
