// Second instances of agents that wait whether the first still answers a ping (protocol.md, "Agents").
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../protocol/clock.ts';
import type { CloseCode, CloseReason } from '../../protocol/close-codes.ts';
import { TAKEOVER_PING_MS } from '../../protocol/limits.ts';
import type { AgentConnection } from '../state/agent.ts';
import type { Link } from '../link.ts';

interface Challenge {
  link: Link;
  /** Of the ping that the first must answer: what was sent before it may have been on its way for long. */
  mark: string;
  cancel(): void;
  /** The first is gone: the second has the agent. */
  takeOver(): void;
}

export function createChallenges(clock: Clock) {
  const waiting = new Map<AgentConnection, Challenge>();

  /** Ends the wait of a second instance; answers with its link, if there was one. */
  function end(agent: AgentConnection): Link | undefined {
    const challenge = waiting.get(agent);
    challenge?.cancel();
    waiting.delete(agent);
    return challenge?.link;
  }

  return {
    end,
    /** Lets a second instance wait, and `takeOver` where the first does not answer; false where another waits already. */
    begin(agent: AgentConnection, link: Link, takeOver: () => void): boolean {
      if (waiting.has(agent)) return false;
      const win = () => {
        end(agent);
        takeOver();
      };
      const mark = randomBytes(8).toString('hex');
      const cancel = clock.after(TAKEOVER_PING_MS, win);
      waiting.set(agent, { link, mark, cancel, takeOver: win });
      agent.link?.ping(mark);
      return true;
    },
    /** What the first must answer, while a second waits: some answer only the newest of several pings. */
    markOf: (agent: AgentConnection) => waiting.get(agent)?.mark,
    /** The first is gone: a second that waits has the agent. False where none does. */
    decide(agent: AgentConnection): boolean {
      const challenge = waiting.get(agent);
      challenge?.takeOver();
      return challenge !== undefined;
    },
    /** A second instance has left. */
    left(link: Link) {
      for (const [agent, challenge] of waiting) if (challenge.link === link) end(agent);
    },
    closeAll(code: CloseCode, reason: CloseReason) {
      for (const { link } of waiting.values()) link.close(code, reason);
    },
  };
}
