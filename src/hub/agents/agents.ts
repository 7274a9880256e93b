// Agents come, go, take over and return: their connections, and what that means for the command in their hands.
import type { AgentConnect, AgentToHub } from '../../protocol/agent-to-hub.ts';
import { CloseCode, type CloseReason } from '../../protocol/close-codes.ts';
import { AGENT_PING_MS, AGENT_SILENCE_MS } from '../../protocol/limits.ts';
import type { AgentConnection } from '../state/agent.ts';
import { createAgentInbox, holds } from './messages.ts';
import type { AgentPresence } from '../presence.ts';
import type { Approvals } from '../approvals.ts';
import type { Authority } from '../broadcast.ts';
import { createChallenges } from './takeover.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import type { Endings } from '../commands/completion.ts';
import { type Link, tellAgent } from '../link.ts';
import { reconcile } from './reconcile.ts';
import type { HubContext } from '../state/server-state.ts';
import type { Terminals } from '../terminals/terminals.ts';
import { isTokenOf } from './token.ts';

export type Agents = ReturnType<typeof createAgents>;

export interface AgentParts {
  approvals: Approvals;
  authority: Authority;
  presence: AgentPresence;
  dispatcher: Dispatcher;
  endings: Endings;
  terminals: Terminals;
}

export function createAgents(context: HubContext, parts: AgentParts) {
  const { state, store, clock, log, settings, storage } = context;
  const { approvals, authority, presence, dispatcher, endings, terminals } = parts;
  const byLink = new Map<Link, AgentConnection>();
  const challenges = createChallenges(clock);
  const inbox = createAgentInbox(context, parts);

  function refuse(link: Link, agentId: string, reason: CloseReason, message: string) {
    tellAgent(link, { type: 'error', code: 'not_authenticated', message, agentId });
    link.close(CloseCode.policyViolation, reason);
  }

  /** Makes `link` the agent's socket, and settles what became of its command. */
  function welcome(agent: AgentConnection, link: Link, message: AgentConnect) {
    const challenger = challenges.end(agent);
    if (challenger) refuseChallenger(agent, challenger);
    const connectionId = Bun.randomUUIDv7();
    authority.claim(agent, link, connectionId, message.instanceId);
    byLink.set(link, agent);
    agent.connectionTime = clock.now();
    agent.lastHeartbeat = clock.now();
    agent.awaySince = null;
    agent.capabilities = message.capabilities;
    agent.notice = message.notice ?? null;
    agent.journalId = message.journalId ?? null;
    agent.cancelGrace?.();
    agent.cancelGrace = null;
    logConnection(agent, connectionId, message);
    const { resume, stop } = reconcile(agent, message, { dispatcher, endings, terminals });
    tellAgent(link, {
      type: 'agent:welcome',
      agentId: agent.agentId,
      heartbeatIntervalMs: AGENT_PING_MS,
      resume,
      stop,
    });
    // An acknowledgement may have been lost with the last socket, and no other may follow.
    for (const { commandId } of resume) {
      const nextSequence = terminals.committed(commandId);
      tellAgent(link, { type: 'output:ack', commandId, nextSequence });
    }
    if (storage.trouble() !== null) tellAgent(link, { type: 'hub:storage', failing: true });
    approvals.repeat(agent);
    if (agent.current) dispatcher.deadlines.remind(agent.current);
    presence.settle(agent);
    dispatcher.pump(agent);
  }

  function logConnection(agent: AgentConnection, id: string, message: AgentConnect) {
    log.info('Agent connected.', { agentId: agent.agentId });
    store.connections
      .opened({
        id,
        kind: 'agent',
        peer: agent.agentId,
        connectedAt: clock.now(),
        disconnectedAt: null,
        closeCode: null,
        closeReason: null,
        clientInfo: message.runner ?? null,
      })
      .catch((error: unknown) => log.warn('The connection log could not be written.', { error }));
  }

  /** Forgets the agent's socket. */
  function detach(agent: AgentConnection, code: number, reason: string) {
    const { link, connectionId } = agent;
    if (!link) return;
    byLink.delete(link);
    authority.release(agent);
    agent.awaySince = clock.now();
    log.info('Agent disconnected.', { agentId: agent.agentId, code, reason });
    if (connectionId) {
      store.connections
        .closed(connectionId, clock.now(), code, reason)
        .catch((error: unknown) => log.warn('The connection log could not be written.', { error }));
    }
  }

  /** The agent is away; its command goes on without it, for a while. */
  function lose(agent: AgentConnection, code: number, reason: string) {
    if (!agent.link) return;
    detach(agent, code, reason);
    presence.settle(agent);
    if (agent.current?.delivery === 'sent' || agent.stopping.size > 0) awaitReturn(agent);
  }

  /** Another socket takes the agent's place at once: it is not away. */
  function replace(agent: AgentConnection) {
    const { link } = agent;
    detach(agent, CloseCode.replaced, 'replaced');
    link?.close(CloseCode.replaced, 'replaced');
  }

  /** Gives an agent that is away its time to come back to its command. */
  function awaitReturn(agent: AgentConnection) {
    agent.cancelGrace?.();
    agent.cancelGrace = clock.after(settings.agentGraceMs, () => {
      for (const commandId of agent.stopping) endings.completeLate(commandId);
      agent.stopping.clear();
      if (!agent.current) return;
      dispatcher.endSoon(agent.current, {
        event: 'failed',
        error: {
          code: 'agent_lost',
          message: `${agent.agentId} has been away for ${Math.round(settings.agentGraceMs / 1000)} s: look whether its machine and program still run.`,
        },
      });
    });
  }

  /** Closes an agent's socket so that nothing more is heard from it. */
  function drop(agent: AgentConnection, code: CloseCode, reason: CloseReason) {
    const { link } = agent;
    lose(agent, code, reason);
    link?.close(code, reason);
  }

  /** Another instance wants the agent: it gets it only if the present one does not answer a ping. */
  function challenge(agent: AgentConnection, link: Link, message: AgentConnect) {
    const isWaiting = challenges.begin(agent, link, () => {
      replace(agent);
      welcome(agent, link, message);
    });
    if (!isWaiting) refuseChallenger(agent, link);
  }

  function refuseChallenger({ agentId }: AgentConnection, link: Link) {
    const advice = `Another process is connected as ${agentId}: stop that one, or use another id.`;
    refuse(link, agentId, 'agent_in_use', advice);
  }

  function alive(link: Link): AgentConnection | undefined {
    const agent = byLink.get(link);
    if (agent) agent.lastHeartbeat = clock.now();
    return agent;
  }

  return {
    awaitReturn,
    /** Tells the agent of a command that its output is committed up to a sequence of its own. */
    acknowledge(commandId: string, nextSequence: number) {
      for (const [link, agent] of byLink) {
        if (holds(agent, commandId))
          tellAgent(link, { type: 'output:ack', commandId, nextSequence });
      }
    },
    /** Takes an agent's first message: welcomes it, refuses it, or lets it wait for the present instance's answer. */
    connect(link: Link, message: AgentConnect) {
      const agent = state.agents.get(message.agentId);
      if (!agent || !isTokenOf(agent.tokenHash, message.token)) {
        const advice =
          'The id or the token is wrong: add the agent on the dashboard, and use the token shown there.';
        return refuse(link, message.agentId, 'unauthenticated', advice);
      }
      if (agent.agentType !== message.agentType) {
        const advice = `${agent.agentId} was added as type ${agent.agentType}: start it with --type ${agent.agentType}.`;
        return refuse(link, agent.agentId, 'unauthenticated', advice);
      }
      if (agent.link && agent.instanceId !== message.instanceId) {
        return challenge(agent, link, message);
      }
      if (agent.link) replace(agent);
      else if (authority.claimed() >= settings.maxAgents) {
        return link.close(CloseCode.tryAgainLater, 'limit');
      }
      welcome(agent, link, message);
    },
    /** Takes any later message; those of a replaced socket are ignored. */
    receive(link: Link, message: AgentToHub) {
      const agent = byLink.get(link);
      if (agent) inbox(agent, message);
    },
    /** A frame came: the agent lives. */
    alive,
    /** A pong came: the agent lives, and where another instance waited for this very answer, that one is refused. */
    answered(link: Link, mark: string) {
      const agent = alive(link);
      if (!agent || challenges.markOf(agent) !== mark) return;
      const challenger = challenges.end(agent);
      if (challenger) refuseChallenger(agent, challenger);
    },
    /** The socket is gone. */
    closed(link: Link, code: number, reason: string) {
      challenges.left(link);
      const agent = byLink.get(link);
      if (!agent) return;
      if (challenges.markOf(agent) === undefined) return lose(agent, code, reason);
      detach(agent, code, reason);
      challenges.decide(agent);
    },
    /** Pings every agent. */
    ping() {
      for (const [link, agent] of byLink) link.ping(challenges.markOf(agent));
    },
    /** Drops agents that have been silent for 30 s. */
    sweep() {
      for (const agent of byLink.values()) {
        const silent = clock.now() - (agent.lastHeartbeat ?? 0);
        if (silent < AGENT_SILENCE_MS) continue;
        if (!challenges.decide(agent)) drop(agent, CloseCode.goingAway, 'silent');
      }
    },
    /** Ends an agent's connection for good: its token is worth nothing any more. */
    revoke(agent: AgentConnection) {
      challenges.end(agent)?.close(CloseCode.policyViolation, 'revoked');
      drop(agent, CloseCode.policyViolation, 'revoked');
      agent.cancelGrace?.();
      for (const commandId of agent.stopping) endings.completeLate(commandId);
    },
    /** Tells every agent whether the hub can write. */
    tellStorage(failing: boolean) {
      for (const link of byLink.keys()) tellAgent(link, { type: 'hub:storage', failing });
    },
    closeAll(code: CloseCode, reason: CloseReason) {
      challenges.closeAll(code, reason);
      for (const link of byLink.keys()) link.close(code, reason);
    },
  };
}
