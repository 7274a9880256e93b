// Requests to agents: each is answered once, by the connection that was asked, or ends after a time.
import type { Clock } from '../../protocol/clock.ts';
import type { HubToAgent } from '../../protocol/hub-to-agent.ts';
import type { Unversioned } from '../../protocol/message.ts';
import { type Link, sendToAgent } from '../link.ts';

interface AgentRequest<Answer> {
  link: Link;
  resolve(answer: Answer): void;
}

/** @param timeoutMs how long an agent has to answer */
export function createAgentRequests<Answer>(clock: Clock, timeoutMs: number) {
  /** By requestId. */
  const requests = new Map<string, AgentRequest<Answer>>();

  return {
    /**
     * Sends a message and resolves with the answer.
     * @param createMessage receives the requestId
     * @param late what it resolves with if the agent does not answer in time
     */
    async ask(
      link: Link,
      createMessage: (requestId: string) => Unversioned<HubToAgent>,
      late: Answer,
    ): Promise<Answer> {
      const requestId = Bun.randomUUIDv7();
      const { promise, resolve } = Promise.withResolvers<Answer>();
      const cancelTimeout = clock.after(timeoutMs, () => resolve(late));
      requests.set(requestId, { link, resolve });
      try {
        sendToAgent(link, createMessage(requestId));
        return await promise;
      } finally {
        cancelTimeout();
        requests.delete(requestId);
      }
    },
    /** Handles an answer. Ignored unless this connection was asked. */
    answer(link: Link, requestId: string, answer: Answer): void {
      const request = requests.get(requestId);
      if (request?.link === link) request.resolve(answer);
    },
    /** Ends the requests to a connection with this answer. */
    end(link: Link | null, answer: Answer): void {
      for (const request of requests.values()) if (request.link === link) request.resolve(answer);
    },
    /** The number of requests that a connection has not answered. */
    count: (link: Link): number =>
      [...requests.values()].filter((request) => request.link === link).length,
  };
}
