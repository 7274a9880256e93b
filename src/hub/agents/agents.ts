// The connections of agents: connect, take over, disconnect, reconnect (docs/protocol.md, "Agents" and "Reconnect").
import type { AgentConnect } from '../../protocol/agent-to-hub.ts';
import { CloseCode, type CloseReason } from '../../protocol/close-codes.ts';
import { AGENT_PING_MS, AGENT_SILENCE_MS } from '../../protocol/limits.ts';
import type { StoredAgentToken } from '../../store/store.ts';
import type { Approvals } from '../approvals.ts';
import type { Completion } from '../commands/completion.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import type { FileChangesPart } from '../commands/file-changes.ts';
import type { Progress } from '../commands/progress.ts';
import type { HubContext } from '../context.ts';
import { type Link, sendToAgent } from '../link.ts';
import type { Presence } from '../presence.ts';
import { type AgentConnection, cancelGrace, disconnect } from '../state/agent.ts';
import type { TokenIndex } from '../token-index.ts';
import type { Turns } from '../turns.ts';
import type { Terminals } from '../terminals/terminals.ts';
import { type ArrivalsParts, type Attempt, createArrivals } from './arrivals.ts';
import { createGrace } from './grace.ts';
import { reconcile } from './reconcile.ts';
import { createRejection } from './rejection.ts';
import { createTakeovers, type SecondInstance } from './takeover.ts';

/** The message types that the hub accepts from agents beyond those of every version 1. */
const ACCEPTED_TYPES = ['command:changes', 'turn:update'];

export type Agents = ReturnType<typeof createAgents>;

export interface AgentsParts {
  approvals: Approvals;
  completion: Completion;
  dispatcher: Dispatcher;
  fileChanges: FileChangesPart;
  presence: Presence;
  progress: Progress;
  terminals: Terminals;
  tokenIndex: TokenIndex<StoredAgentToken>;
  turns: Turns;
  /** Makes this hub the owner of an agent that connects to it. */
  claim: ArrivalsParts['claim'];
}

export function createAgents(context: HubContext, parts: AgentsParts) {
  const { state, store, clock, log, settings, storeHealth, connectionLog, ownership } = context;
  const { approvals, completion, dispatcher, fileChanges, presence, terminals, tokenIndex, turns } =
    parts;
  const byLink = new Map<Link, AgentConnection>();
  const takeovers = createTakeovers(clock);
  const reject = createRejection(context);
  const expect = createGrace(context, { completion, dispatcher, presence });

  /** Accepts a connection to the owner of the agent, and reconciles the commands of hub and agent. */
  function accept(agent: AgentConnection, { link, token, message }: Attempt) {
    // It can have moved to another hub since this connection began to wait.
    if (!ownership.owns(agent.agentId)) return link.close(CloseCode.goingAway, 'moved');
    const secondInstance = takeovers.cancel(agent);
    if (secondInstance) rejectInUse(secondInstance, agent.agentId);
    cancelGrace(agent);
    const connectionId = Bun.randomUUIDv7();
    const { instanceId, journalId = null, accept: acceptedTypes = [] } = message;
    const lastHeardAt = clock.monotonic();
    agent.connection = {
      link,
      connectionId,
      tokenId: token.id,
      instanceId,
      journalId,
      accept: new Set(acceptedTypes),
      lastHeardAt,
    };
    byLink.set(link, agent);
    agent.connectionTime = clock.now();
    agent.lastHeartbeat = clock.now();
    agent.capabilities = message.capabilities;
    agent.descriptions = message.descriptions ?? {};
    agent.notice = message.notice ?? null;
    saveContact(agent);
    log.info('Agent connected.', { agentId: agent.agentId });
    tokenIndex.touch(token.id);
    connectionLog.recordOpen({
      id: connectionId,
      kind: 'agent',
      peer: agent.agentId,
      clientInfo: message.runner ?? null,
      credentialId: token.id,
      address: link.address,
    });
    welcome(agent, link, message);
    presence.update(agent);
    dispatcher.dispatchNext(agent);
  }

  function welcome(agent: AgentConnection, link: Link, message: AgentConnect) {
    const { resume, stop } = reconcile(agent, message, parts);
    sendToAgent(link, {
      type: 'agent:welcome',
      agentId: agent.agentId,
      heartbeatIntervalMs: AGENT_PING_MS,
      resume,
      stop,
      accept: ACCEPTED_TYPES,
    });
    // The last acknowledgement may have been lost with the previous connection.
    for (const { commandId } of resume) {
      const nextSequence = terminals.committedSequence(commandId);
      sendToAgent(link, { type: 'output:ack', commandId, nextSequence });
      const nextTurnSequence = turns.committedSequence(commandId);
      if (nextTurnSequence > 0) {
        sendToAgent(link, { type: 'turn:ack', commandId, nextSequence: nextTurnSequence });
      }
    }
    if (storeHealth.failure() !== null) sendToAgent(link, { type: 'hub:storage', failing: true });
    approvals.resendResolutions(agent);
    const { current } = agent;
    if (current?.stopReason && current.delivery === 'sent') {
      dispatcher.stop(current, current.stopReason);
    }
    // It may have timed out while the agent was offline.
    current?.timeout.reschedule();
  }

  /** Stores the agent's last contact and capabilities, so that they survive a restart of the hub. */
  function saveContact(agent: AgentConnection) {
    const { agentId, connectionTime, lastHeartbeat, capabilities } = agent;
    // It was removed.
    if (state.agents.get(agentId) !== agent) return;
    store.agents
      .update(agentId, { connectionTime, lastHeartbeat, capabilities })
      .catch(storeHealth.reportFailure);
  }

  function rejectInUse({ link, tokenId }: SecondInstance, agentId: string) {
    const message = `Another process is connected as "${agentId}". Stop it, or use another agent ID.`;
    reject(link, { reason: 'agent_in_use', agentId, tokenId, message });
  }

  /** Removes the agent's connection, without affecting its command. */
  function removeConnection(agent: AgentConnection, code: number, reason: string) {
    const { connection } = agent;
    if (!connection.link) return;
    byLink.delete(connection.link);
    fileChanges.onDisconnect(agent);
    disconnect(agent, clock.now());
    saveContact(agent);
    log.info('Agent disconnected.', { agentId: agent.agentId, code, reason });
    connectionLog.recordClose(connection.connectionId, code, reason);
  }

  /** Marks an agent as offline. Its command keeps its status during the grace period. */
  function handleDisconnect(agent: AgentConnection, code: number, reason: string) {
    removeConnection(agent, code, reason);
    const { current } = agent;
    // An agent that shuts down reports everything before it closes its connection. It never starts a command that it
    // has not started by then.
    const isUnstarted = current?.delivery === 'sent' && current.status === 'queued';
    if (code === CloseCode.normal && isUnstarted && !current.completion) {
      dispatcher.returnToQueue(agent, current);
      completion.persist(current.id, { sent: false }).catch(() => undefined);
    }
    expect(agent);
  }

  /** Closes the current connection, because a new one replaces it. */
  function replaceConnection(agent: AgentConnection) {
    const { link } = agent.connection;
    removeConnection(agent, CloseCode.replaced, 'replaced');
    link?.close(CloseCode.replaced, 'replaced');
  }

  /** Closes an agent's connection from the hub's side. Later frames on it are ignored. */
  function close(agent: AgentConnection, code: CloseCode, reason: CloseReason) {
    const { link } = agent.connection;
    if (!link) return;
    handleDisconnect(agent, code, reason);
    link.close(code, reason);
  }

  function revokeToken(agent: AgentConnection, tokenId: string) {
    if (takeovers.waitingToken(agent) === tokenId) {
      takeovers.cancel(agent)?.link.close(CloseCode.policyViolation, 'revoked');
    }
    const { connection } = agent;
    if (!connection.link || connection.tokenId !== tokenId) return;
    close(agent, CloseCode.policyViolation, 'revoked');
    takeovers.complete(agent);
  }

  /** Closes the connections of an agent that was removed. */
  function disconnectRemoved(agent: AgentConnection) {
    takeovers.cancel(agent)?.link.close(CloseCode.policyViolation, 'revoked');
    close(agent, CloseCode.policyViolation, 'revoked');
    cancelGrace(agent);
  }

  /** Lets a second instance take over unless the first still answers pings. */
  function startTakeover(agent: AgentConnection, attempt: Attempt) {
    const { link, token, message } = attempt;
    const secondInstance = { link, tokenId: token.id, instanceId: message.instanceId };
    const isWaiting = takeovers.start(agent, secondInstance, () => {
      replaceConnection(agent);
      accept(agent, attempt);
    });
    if (!isWaiting) rejectInUse(secondInstance, agent.agentId);
  }

  /** Accepts a connection, unless another instance is connected. */
  function admit(agent: AgentConnection, attempt: Attempt) {
    const { connection } = agent;
    if (connection.link && connection.instanceId !== attempt.message.instanceId) {
      return startTakeover(agent, attempt);
    }
    if (connection.link) replaceConnection(agent);
    accept(agent, attempt);
  }

  const arrivals = createArrivals(context, {
    claim: parts.claim,
    admit,
    handleGone: expect,
    rejectInUse({ link, token, message: { agentId, instanceId } }) {
      rejectInUse({ link, tokenId: token.id, instanceId }, agentId);
    },
  });

  function handleActivity(link: Link): AgentConnection | undefined {
    const agent = byLink.get(link);
    if (!agent?.connection.link) return undefined;
    agent.lastHeartbeat = clock.now();
    agent.connection.lastHeardAt = clock.monotonic();
    return agent;
  }

  return {
    expect,
    /** The agent connected through a link, if that is still its current connection. */
    find: (link: Link) => byLink.get(link),
    /** Handles an agent's first message: accepts it, rejects it, or starts a takeover. */
    connect(link: Link, message: AgentConnect) {
      const agent = state.agents.get(message.agentId);
      const token = tokenIndex.find(message.token);
      if (!agent || token?.agentId !== agent.agentId) {
        const text = `The hub rejected the token for "${message.agentId}". Ask an admin for a new one.`;
        return reject(link, { reason: 'wrong_token', agentId: message.agentId, message: text });
      }
      if (agent.agentType !== message.agentType) {
        const text = `"${agent.agentId}" was added as type ${agent.agentType}. Start it with --type ${agent.agentType}.`;
        const { agentId } = agent;
        return reject(link, { reason: 'wrong_type', agentId, tokenId: token.id, message: text });
      }
      if (!agent.connection.link && byLink.size + arrivals.count() >= settings.maxAgents) {
        return link.close(CloseCode.tryAgainLater, 'limit');
      }
      if (ownership.isShared) arrivals.add({ link, token, message });
      else admit(agent, { link, token, message });
    },
    /** Records that a frame arrived. */
    handleActivity: (link: Link) => void handleActivity(link),
    /** Records a pong. If it answers the ping of a takeover, the second instance is rejected. */
    handlePong(link: Link, payload: string) {
      const agent = handleActivity(link);
      if (!agent || takeovers.pingPayload(agent) !== payload) return;
      const secondInstance = takeovers.cancel(agent);
      if (secondInstance) rejectInUse(secondInstance, agent.agentId);
    },
    /** Handles a closed socket. */
    handleClose(link: Link, code: number, reason: string) {
      arrivals.handleClose(link);
      takeovers.handleClose(link);
      const agent = byLink.get(link);
      if (!agent) return;
      const isReplaced = takeovers.pingPayload(agent) !== undefined;
      if (isReplaced && code !== CloseCode.normal) removeConnection(agent, code, reason);
      else handleDisconnect(agent, code, reason);
      takeovers.complete(agent);
    },
    /** Stores the last contact with all connected agents, and the last use of their tokens. */
    saveContacts() {
      for (const agent of byLink.values()) {
        saveContact(agent);
        if (agent.connection.link) tokenIndex.touch(agent.connection.tokenId);
      }
    },
    /** Pings every agent. */
    ping() {
      for (const [link, agent] of byLink) link.ping(takeovers.pingPayload(agent));
    },
    /** Closes the connections of agents that have been silent for 30 s, or whose token has expired. */
    sweep() {
      for (const agent of byLink.values()) {
        const { connection } = agent;
        if (!connection.link) continue;
        if (!tokenIndex.isValid(connection.tokenId)) {
          revokeToken(agent, connection.tokenId);
          continue;
        }
        if (clock.monotonic() - connection.lastHeardAt < AGENT_SILENCE_MS) continue;
        if (!takeovers.complete(agent)) close(agent, CloseCode.goingAway, 'silent');
      }
    },
    /** Closes the connections of an agent that were opened with this token. */
    revokeToken,
    /** Closes the connection of an agent that connects to another hub. Its command goes on there. */
    handOver(agent: AgentConnection) {
      const { link } = agent.connection;
      takeovers.end(agent, CloseCode.goingAway, 'moved');
      removeConnection(agent, CloseCode.goingAway, 'moved');
      link?.close(CloseCode.goingAway, 'moved');
    },
    /** Ignores what an agent sends from now on: it sends it again to the hub that it connects to next. */
    ignore({ connection }: AgentConnection) {
      if (connection.link) byLink.delete(connection.link);
    },
    /**
     * Whether an instance may connect to another hub: if none is connected here, or the one that is does not answer. Resolves
     * when everything known about its commands is committed.
     */
    async mayMove(agentId: string, instanceId: string): Promise<boolean> {
      const agent = state.agents.get(agentId);
      if (!agent) return true;
      const mayLeave = await takeovers.mayLeave(agent, instanceId);
      if (mayLeave) await completion.whenAllPersisted(agentId);
      return mayLeave;
    },
    disconnectRemoved,
    /** Closes the connection of an agent that was removed, and completes its output. */
    revoke(agent: AgentConnection) {
      disconnectRemoved(agent);
      for (const commandId of agent.stopping) completion.completeLateOutput(commandId);
      terminals.releaseAgent(agent.agentId);
    },
    closeAll(code: CloseCode, reason: CloseReason) {
      takeovers.closeAll(code, reason);
      for (const link of byLink.keys()) link.close(code, reason);
    },
  };
}
