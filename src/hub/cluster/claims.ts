// How a hub becomes the owner of an agent, and what it does when another hub becomes the owner.
import { BUFFER_BYTES, BUFFER_CHUNKS, REQUEST_ID_TTL_MS } from '../../protocol/limits.ts';
import type { ClusterStore, Fence } from '../../store/cluster.ts';
import type { StoredCommand } from '../../store/store.ts';
import type { Agents } from '../agents/agents.ts';
import type { Approvals } from '../approvals.ts';
import type { Admission } from '../commands/admission.ts';
import type { Completion } from '../commands/completion.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import type { FileChangesPart } from '../commands/file-changes.ts';
import { compareStored } from '../commands/queue.ts';
import type { QueueChanges } from '../commands/queue-changes.ts';
import type { HubContext } from '../context.ts';
import type { Dashboards } from '../dashboards/dashboards.ts';
import { type AgentConnection, cancelGrace, createRemovedAgent } from '../state/agent.ts';
import { abandon, createExecution, type Execution, toStored } from '../state/execution.ts';
import type { TerminalBuffer } from '../state/terminal-buffer.ts';
import type { Subscriptions } from '../terminals/subscriptions.ts';
import type { Terminals } from '../terminals/terminals.ts';
import type { Turns } from '../turns.ts';
import type { FollowedOutput } from './followed-output.ts';
import type { Mirror } from './mirror.ts';
import type { SharedOwnership } from './ownership.ts';

export interface ClaimsParts {
  admission: Admission;
  agents: Agents;
  approvals: Approvals;
  completion: Completion;
  dashboards: Dashboards;
  dispatcher: Dispatcher;
  fileChanges: FileChangesPart;
  mirror: Mirror;
  output: FollowedOutput;
  queueChanges: QueueChanges;
  subscriptions: Pick<Subscriptions, 'publishEpoch'>;
  terminals: Terminals;
  turns: Turns;
}

export type Claims = ReturnType<typeof createClaims>;

export function createClaims(
  { state, store, clock, log }: HubContext,
  {
    cluster,
    hubId,
    ownership,
  }: { cluster: ClusterStore; hubId: string; ownership: SharedOwnership },
  parts: ClaimsParts,
) {
  const { admission, agents, approvals, completion, dashboards, dispatcher } = parts;
  const { fileChanges, mirror, output, queueChanges, subscriptions, terminals, turns } = parts;
  /** The claims in progress, by agentId. */
  const claims = new Map<string, Promise<boolean>>();
  /** Agents that the store may say this hub owns, because a claim has failed. */
  const unclear = new Set<string>();
  let isStopped = false;

  const executionsOf = (agentId: string): Execution[] =>
    [...state.executions.values()].filter(
      (execution) => execution.agentId === agentId && execution.delivery !== 'accepting',
    );

  const buffersOf = (agentId: string): TerminalBuffer[] =>
    [...state.terminalBuffers.values()].filter((buffer) => buffer.agentId === agentId);

  /** Forgets what is in memory about the commands of an agent. */
  function forget(agent: AgentConnection) {
    const { agentId } = agent;
    const commandIds = new Set([
      ...buffersOf(agentId).map((one) => one.commandId),
      ...agent.stopping,
    ]);
    for (const execution of executionsOf(agentId)) {
      abandon(execution);
      state.executions.delete(execution.id);
      commandIds.add(execution.id);
    }
    for (const commandId of commandIds) {
      completion.forget(commandId);
      turns.forget(commandId);
      fileChanges.forget(commandId);
    }
    cancelGrace(agent);
    approvals.forget(agentId);
    queueChanges.forget(agentId);
    agent.remote = null;
    agent.current = null;
    agent.stopping = new Set();
    state.commandQueue.set(agentId, []);
  }

  /** Opens the buffer of a command with all output that was stored. */
  async function openTerminal(command: StoredCommand): Promise<TerminalBuffer> {
    const { id } = command;
    for (;;) {
      // A reader that begins again can have opened it meanwhile.
      while (output.isFollowed(id)) {
        const buffer = await output.finishFollowing(id);
        if (buffer) return buffer;
      }
      const chunks = await store.output.listLatest(id, BUFFER_BYTES, BUFFER_CHUNKS);
      if (!output.isFollowed(id)) return terminals.open(command, chunks);
    }
  }

  /**
   * Restores an agent from the store, as after a restart. The claim has ended all writes of other hubs about it.
   * @returns false if another hub has claimed it meanwhile
   */
  async function restore(agent: AgentConnection, epoch: number): Promise<boolean> {
    const { agentId } = agent;
    // Until now this hub has mirrored the agent. Its readers first receive what the previous owner has stored.
    await mirror.update([agentId]);
    const [stored, outputOpen, requested] = await Promise.all([
      cluster.listUnfinishedOf([agentId]),
      cluster.listWithOpenOutputOf(agentId),
      cluster.listRequestedOf(agentId, clock.now() - REQUEST_ID_TTL_MS),
    ]);
    for (const command of requested) {
      if (command.requestId) {
        admission.restoreRequest(command.requestedBy, command.requestId, command);
      }
    }
    // What is being accepted here is queued when its user learns that.
    const isAccepting = ({ id }: StoredCommand) =>
      state.executions.get(id)?.delivery === 'accepting';
    const unfinished = stored.filter((command) => !isAccepting(command));
    const writable = [...unfinished, ...outputOpen];
    /** The buffers with all output that was stored. */
    const opened = new Set<TerminalBuffer>();
    function isClosed({ id }: StoredCommand): boolean {
      const buffer = terminals.get(id);
      return !buffer?.isStored || !opened.has(buffer);
    }
    do {
      // A buffer that nobody reads can be freed while others are opened.
      for (const command of writable.filter(isClosed)) opened.add(await openTerminal(command));
      // Until the ends of commands are published, this hub only follows their output.
      await mirror.whenEndsPublished(agentId);
      if ((mirror.ownerOf(agentId)?.epoch ?? 0) > epoch) return false;
    } while (writable.some(isClosed));
    const known = new Set(executionsOf(agentId).map(({ id }) => id));
    forget(agent);
    ownership.gain(agentId, epoch);
    for (const { id, agentNextSequence } of writable) {
      terminals.takeOver(id, agentNextSequence);
      subscriptions.publishEpoch(id, epoch);
    }
    for (const command of outputOpen) agent.stopping.add(command.id);
    const executions = unfinished
      // The next owner can have ended some, before this hub has noticed that there is one.
      .filter(({ id }) => !mirror.hasEnded(id))
      .toSorted(compareStored)
      .map((command) => createExecution(clock, command, command.sent ? 'sent' : 'waiting'));
    // All at once: the mirror takes unknown commands for new ones.
    for (const execution of executions) state.executions.set(execution.id, execution);
    // Those that were accepted after the update of the mirror.
    for (const execution of executions)
      if (!known.has(execution.id)) mirror.publishAdded(execution);
    for (const commandId of approvals.commandsOf(agentId)) {
      // The previous owner was lost after it had ended the command.
      if (!state.executions.has(commandId)) closeApprovals(commandId);
    }
    // Another hub can claim the agent meanwhile.
    const isCurrent = () => ownership.fenceOf(agentId).epoch === epoch;
    for (const execution of executions) {
      if (execution.sent) await turns.restore(execution.id, agentId, isCurrent);
      if (!isCurrent()) return false;
      // The clocks of hubs differ, and the agent has a deadline, too.
      await dispatcher.restore(execution, { elapsedMs: 0, isCurrent });
    }
    // The others learn who owns it, even if nothing else has changed.
    ownership.notify(agentId);
    // What was accepted meanwhile.
    void mirror.update([agentId]);
    return true;
  }

  function closeApprovals(commandId: string) {
    approvals.close(commandId).catch((error: unknown) => {
      log.error('Could not cancel an approval request.', { commandId, error });
    });
  }

  /** Stops writing about an agent that another hub owns now, and mirrors it. */
  function lose(agentId: string) {
    const agent = state.agents.get(agentId);
    const { epoch } = ownership.fenceOf(agentId);
    if (!ownership.lose(agentId) || !agent) return;
    log.info('Another hub owns an agent now.', { agentId });
    agents.handOver(agent);
    const held = buffersOf(agentId);
    // The mirror publishes what another hub has done with them meanwhile.
    const known = executionsOf(agentId).map((execution) => {
      const { delivery, publishedStatus: status } = execution;
      return createExecution(clock, { ...toStored(execution), status }, delivery);
    });
    forget(agent);
    for (const execution of known) state.executions.set(execution.id, execution);
    // Some have ended, and their output is not complete yet.
    mirror.noteLate(
      held.map((buffer) => buffer.commandId).filter((id) => !state.executions.has(id)),
    );
    for (const buffer of held) {
      // From now on, it follows what the other hub stores.
      buffer.reopen();
      if (buffer.isStored) {
        output.follow(buffer.commandId, epoch);
        continue;
      }
      dashboards.resetReaders(buffer.commandId);
      terminals.drop(buffer.commandId);
    }
    void mirror.update([agentId]);
  }

  async function startClaim(
    agent: AgentConnection,
    expectedEpoch: number | undefined,
  ): Promise<boolean> {
    const { agentId } = agent;
    unclear.add(agentId);
    const epoch = await cluster.claim(agentId, hubId, expectedEpoch);
    if (epoch === null) {
      unclear.delete(agentId);
      return false;
    }
    log.info('This hub owns an agent now.', { agentId, epoch });
    try {
      const isRestored = await restore(agent, epoch);
      unclear.delete(agentId);
      if (!isRestored) output.followAgain(agentId);
      return isRestored;
    } catch (error) {
      // What is not restored completely must not be owned.
      if (ownership.fenceOf(agentId).epoch === epoch) lose(agentId);
      output.followAgain(agentId);
      await cluster.release({ agentId, epoch }).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Makes this hub the owner of an agent, whatever the current owner does.
   * @param expectedEpoch if it is given, nothing happens if another hub has claimed the agent since then
   * @param removed stands for the agent if it was removed
   * @returns whether this hub owns the agent now
   */
  function claim(
    agentId: string,
    expectedEpoch?: number,
    removed?: AgentConnection,
  ): Promise<boolean> {
    const running = claims.get(agentId);
    // While it is restored, the agent is owned, but not all of its commands are known.
    if (running) return running;
    if (ownership.owns(agentId)) return Promise.resolve(true);
    const agent = state.agents.get(agentId) ?? removed;
    if (isStopped || !agent) return Promise.resolve(false);
    const started = startClaim(agent, expectedEpoch).finally(() => claims.delete(agentId));
    claims.set(agentId, started);
    return started;
  }

  /** The same for an agent that is not connected: it is expected to connect within the grace period. */
  async function takeOver(agentId: string, expectedEpoch?: number): Promise<boolean> {
    const isClaimed = await claim(agentId, expectedEpoch);
    const agent = state.agents.get(agentId);
    if (isClaimed && agent) agents.expect(agent);
    return isClaimed;
  }

  /** Ends the commands of an agent that was removed, and their output. Nothing happens if it was added again. */
  async function endRemoved({ agentId, epoch }: Fence): Promise<void> {
    if (state.agents.has(agentId)) return;
    const removed = createRemovedAgent(agentId);
    // This hub may own it, but does not know what another one has accepted meanwhile.
    ownership.lose(agentId);
    // Restoring its commands ends them, because it is not registered.
    if (await claim(agentId, epoch, removed)) agents.revoke(removed);
  }

  return {
    claim,
    takeOver,
    endRemoved,
    /** Claims those agents again whose claim has failed although it was stored. */
    async repeatFailed(): Promise<void> {
      if (unclear.size === 0) return;
      for (const { agentId, hubId: owner, epoch } of await cluster.listStates([...unclear])) {
        if (claims.has(agentId)) continue;
        if (owner !== hubId || ownership.owns(agentId)) unclear.delete(agentId);
        else await takeOver(agentId, epoch);
      }
    },
    /** Claims nothing anymore. Resolves when the claims in progress have ended. */
    async stop(): Promise<void> {
      isStopped = true;
      await Promise.allSettled(claims.values());
    },
    isStopped: () => isStopped,
    /** The claim of an agent in progress. */
    inProgress: (agentId: string) => claims.get(agentId),
    lose,
  };
}
