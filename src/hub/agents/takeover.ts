// A second instance of a connected agent waits here while the first one is pinged: if the first does not answer within
// 2 s, the second takes over (docs/protocol.md, "Agents").
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../protocol/clock.ts';
import type { CloseCode, CloseReason } from '../../protocol/close-codes.ts';
import { TAKEOVER_PING_MS } from '../../protocol/limits.ts';
import type { Link } from '../link.ts';
import type { AgentConnection } from '../state/agent.ts';

/** A second instance of a connected agent. */
export interface SecondInstance {
  link: Link;
  /** The ID of its token. */
  tokenId: string;
}

interface Takeover extends SecondInstance {
  /** Payload of the ping that the first must answer. Only this pong counts: earlier ones may have been delayed. */
  payload: string;
  cancelTimer(): void;
  complete(): void;
}

export function createTakeovers(clock: Clock) {
  const takeovers = new Map<AgentConnection, Takeover>();

  /** Ends a takeover; returns the second instance, if there was one. */
  function cancel(agent: AgentConnection): SecondInstance | undefined {
    const takeover = takeovers.get(agent);
    takeover?.cancelTimer();
    takeovers.delete(agent);
    return takeover;
  }

  return {
    cancel,
    /** Starts a takeover. Returns false if another instance is already waiting. */
    start(
      agent: AgentConnection,
      { link, tokenId }: SecondInstance,
      onTakeover: () => void,
    ): boolean {
      if (takeovers.has(agent)) return false;
      const complete = () => {
        cancel(agent);
        onTakeover();
      };
      const payload = randomBytes(8).toString('hex');
      const cancelTimer = clock.after(TAKEOVER_PING_MS, complete);
      takeovers.set(agent, { link, tokenId, payload, cancelTimer, complete });
      agent.connection.link?.ping(payload);
      return true;
    },
    /** The ID of the token of the second instance. */
    waitingToken: (agent: AgentConnection) => takeovers.get(agent)?.tokenId,
    /**
     * The payload of the ping that the first instance must answer. Used for every ping during the takeover, because
     * some clients answer only the latest one.
     */
    pingPayload: (agent: AgentConnection) => takeovers.get(agent)?.payload,
    /**
     * Completes a takeover immediately, because the first instance no longer responds. Returns false if there is none.
     */
    complete(agent: AgentConnection): boolean {
      const takeover = takeovers.get(agent);
      takeover?.complete();
      return takeover !== undefined;
    },
    /** Ends the takeover of a second instance whose socket has closed. */
    handleClose(link: Link) {
      for (const [agent, takeover] of takeovers) if (takeover.link === link) cancel(agent);
    },
    closeAll(code: CloseCode, reason: CloseReason) {
      for (const { link } of takeovers.values()) link.close(code, reason);
    },
  };
}
