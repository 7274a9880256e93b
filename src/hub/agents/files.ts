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
import { requireGrant } from '../grants.ts';
import { type Link, sendToAgent } from '../link.ts';
import { requirePermission } from '../require-permission.ts';
import type { Actor } from '../state/dashboard.ts';

interface FileRequest {
  link: Link;
  resolve(matches: FileMatches): void;
}

export type AgentFiles = ReturnType<typeof createAgentFiles>;

export function createAgentFiles({ state, clock }: HubContext) {
  /** By requestId. */
  const requests = new Map<string, FileRequest>();

  return {
    /**
     * Asks an agent for the files that match a search.
     * @throws {HubError} forbidden, agent_unknown, agent_offline, not_found if the agent cannot list files,
     * rate_limited, unavailable if it does not answer within 5 s
     */
    async search(actor: Actor, agentId: string, query: string): Promise<FileMatches> {
      requirePermission(actor, 'commands:send');
      requireGrant(state, actor, agentId);
      const agent = state.agents.get(agentId);
      if (!agent) throw new HubError('agent_unknown', `Agent "${agentId}" not found.`);
      const { link } = agent.connection;
      if (!link) throw new HubError('agent_offline', `Agent "${agentId}" is offline.`);
      if (!agent.capabilities.includes('files')) {
        throw new HubError('not_found', 'This agent does not list files. Update it.');
      }
      const pending = [...requests.values()].filter((request) => request.link === link);
      if (pending.length >= MAX_FILE_REQUESTS) {
        throw new HubError('rate_limited', 'Too many searches for files. Try again later.');
      }
      const requestId = Bun.randomUUIDv7();
      const { promise, resolve, reject } = Promise.withResolvers<FileMatches>();
      const cancelTimeout = clock.after(FILE_LIST_TIMEOUT_MS, () =>
        reject(new HubError('unavailable', 'The agent did not list its files in time.')),
      );
      requests.set(requestId, { link, resolve });
      try {
        sendToAgent(link, { type: 'files:list', requestId, query, limit: MAX_LISTED_FILES });
        return await promise;
      } finally {
        cancelTimeout();
        requests.delete(requestId);
      }
    },
    /** Handles an agent's answer. Ignored unless this connection was asked. */
    receive(link: Link, { requestId, files, isTruncated }: FilesListed) {
      const request = requests.get(requestId);
      if (request?.link === link) request.resolve({ items: files, isTruncated });
    },
  };
}
