// A second instance of a connected agent waits here while the first one is pinged: if the first does not answer within
// 2 s, the second takes over (docs/protocol.md, "Agents").
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../protocol/clock.ts';
import { CloseCode, type CloseReason } from '../../protocol/close-codes.ts';
import { TAKEOVER_PING_MS } from '../../protocol/limits.ts';
import type { Link } from '../link.ts';
import type { AgentConnection } from '../state/agent.ts';

/** A second instance of a connected agent. */
export interface SecondInstance {
  link: Link;
  instanceId: string;
  /** The ID of its token. */
  tokenId: string;
  /** Whether it is connected to another hub, so that this one does not learn that it has left. */
  isElsewhere?: boolean;
}

interface Takeover extends SecondInstance {
  /** Payload of the ping that the first must answer. Only this pong counts: earlier ones may have been delayed. */
  payload: string;
  cancelTimer(): void;
  onTakeover(): void;
}

export function createTakeovers(clock: Clock) {
  const takeovers = new Map<AgentConnection, Takeover>();

  /** Ends a takeover, and returns it if there was one. */
  function cancel(agent: AgentConnection): Takeover | undefined {
    const takeover = takeovers.get(agent);
    takeover?.cancelTimer();
    takeovers.delete(agent);
    return takeover;
  }

  /** Completes a takeover, because the first instance no longer responds. Returns false if there is none. */
  function complete(agent: AgentConnection): boolean {
    const takeover = cancel(agent);
    takeover?.onTakeover();
    return takeover !== undefined;
  }

  /**
   * Starts a takeover. If the second instance is waiting already, its new connection waits in place of the earlier one,
   * which has broken; so does a third instance if the second is connected to another hub. Returns false if another second
   * instance is waiting here.
   */
  function start(agent: AgentConnection, second: SecondInstance, onTakeover: () => void): boolean {
    const waiting = takeovers.get(agent);
    if (waiting) {
      const { link, instanceId, isElsewhere } = waiting;
      if (instanceId !== second.instanceId && !isElsewhere) return false;
      Object.assign(waiting, { isElsewhere: false }, second, { onTakeover });
      // The close event follows at once: it must not end the takeover.
      link.close(CloseCode.replaced, 'replaced');
      return true;
    }
    const payload = randomBytes(8).toString('hex');
    const cancelTimer = clock.after(TAKEOVER_PING_MS, () => complete(agent));
    takeovers.set(agent, { ...second, payload, cancelTimer, onTakeover });
    agent.connection.link?.ping(payload);
    return true;
  }

  /** Ends a takeover, because this hub closes the connection of the first instance: the second may connect to another hub. */
  function end(agent: AgentConnection, code: CloseCode, reason: CloseReason) {
    const takeover = cancel(agent);
    if (takeover?.isElsewhere) takeover.onTakeover();
    else takeover?.link.close(code, reason);
  }

  return {
    cancel,
    complete,
    end,
    start,
    /**
     * Whether an instance may connect to another hub: at once if it is the one that is connected here, or if that does not
     * answer its ping.
     */
    mayLeave(agent: AgentConnection, instanceId: string): Promise<boolean> {
      const { connection } = agent;
      if (!connection.link || connection.instanceId === instanceId) return Promise.resolve(true);
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const link: Link = {
        address: null,
        send: () => undefined,
        ping: () => undefined,
        close: () => resolve(false),
      };
      const second = { link, tokenId: connection.tokenId, instanceId, isElsewhere: true };
      if (!start(agent, second, () => resolve(true))) resolve(false);
      return promise;
    },
    /** The ID of the token of the second instance. */
    waitingToken: (agent: AgentConnection) => takeovers.get(agent)?.tokenId,
    /**
     * The payload of the ping that the first instance must answer. Used for every ping during the takeover, because
     * some clients answer only the latest one.
     */
    pingPayload: (agent: AgentConnection) => takeovers.get(agent)?.payload,
    /** Ends the takeover of a second instance whose socket has closed. */
    handleClose(link: Link) {
      for (const [agent, takeover] of takeovers) if (takeover.link === link) cancel(agent);
    },
    closeAll(code: CloseCode, reason: CloseReason) {
      for (const agent of takeovers.keys()) end(agent, code, reason);
    },
  };
}
