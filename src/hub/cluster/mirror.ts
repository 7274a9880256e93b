// The state of the agents that other hubs own, as far as pages and dashboards of this hub need it. It is read from the store,
// compared with what is known, and the differences are published like changes of this hub.
import { wait } from '../../protocol/clock.ts';
import type { ClusterStore, StoredAgentState } from '../../store/cluster.ts';
import type { StoredApproval, StoredCommand } from '../../store/store.ts';
import type { Approvals } from '../approvals.ts';
import type { Completion } from '../commands/completion.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import { compareStored, enqueue, enqueueStored } from '../commands/queue.ts';
import type { HubContext } from '../context.ts';
import { createCountedWarning } from '../counted-warning.ts';
import type { Presence } from '../presence.ts';
import type { AgentConnection } from '../state/agent.ts';
import type { Execution } from '../state/execution.ts';
import { queueOf } from '../state/server-state.ts';
import { isUnreachable } from '../store-health.ts';
import type { Subscriptions } from '../terminals/subscriptions.ts';
import type { TerminalInput } from '../dashboards/terminal-input.ts';
import type { Terminals } from '../terminals/terminals.ts';
import type { FollowedOutput } from './followed-output.ts';
import { createMirroredCommands } from './mirrored-commands.ts';
import type { SharedOwnership } from './ownership.ts';

export interface MirrorParts {
  approvals: Approvals;
  completion: Completion;
  dispatcher: Dispatcher;
  output: FollowedOutput;
  presence: Presence;
  subscriptions: Subscriptions;
  terminals: Terminals;
  terminalInput: Pick<TerminalInput, 'setSize'>;
}

interface MirrorOptions {
  cluster: ClusterStore;
  ownership: SharedOwnership;
  /** Called with an own agent that another hub has claimed. */
  lose: (agentId: string) => void;
}

/** What is stored about an agent. */
interface Stored {
  state: StoredAgentState;
  unfinished: StoredCommand[];
  approvals: StoredApproval[];
  /** Whether this hub owned the agent when this was read, so that it has not read the approval requests. */
  isOwn: boolean;
}

export type Mirror = ReturnType<typeof createMirror>;

export function createMirror(
  context: HubContext,
  { cluster, ownership, lose }: MirrorOptions,
  parts: MirrorParts,
) {
  const { state, clock, log } = context;
  const { approvals, completion, dispatcher, output, presence, terminals, terminalInput } = parts;
  const warnUnreadable = createCountedWarning(
    clock,
    log,
    'A hub of another version has published the state of an agent in a way that this version of Signalbox does not understand. The agent is shown as offline here.',
  );
  const warnFailed = createCountedWarning(
    clock,
    log,
    'Could not apply the state of an agent of another hub.',
  );
  let dirty = new Set<string>();
  /** The pass in progress, and the one that has not begun. */
  let previous = Promise.resolve();
  let next: Promise<void> | null = null;
  const commands = createMirroredCommands(context, { cluster, ownership }, parts, (agentId) =>
    dirty.add(agentId),
  );
  /** The owners of agents, as they were read last. */
  const owners = new Map<string, StoredAgentState>();

  /** Queues the commands that other hubs have accepted for an agent of this hub. */
  function adopt(agent: AgentConnection, rows: readonly StoredCommand[]) {
    const added = rows
      .filter(({ id, sent }) => !sent && !state.executions.has(id) && !commands.hasEnded(id))
      .toSorted(compareStored);
    for (const row of added) {
      const execution = commands.add(row);
      if (!terminals.get(row.id)) terminals.open(execution);
      enqueueStored(queueOf(state, agent.agentId), execution);
      commands.publishAdded(execution);
    }
    if (added.length > 0) dispatcher.dispatchNext(agent);
  }

  /** Takes over what another hub has stored about its agent. */
  async function update(
    agent: AgentConnection,
    { state: stored, unfinished, approvals: all }: Stored,
  ) {
    const { agentId } = agent;
    await output.changeOwner(agentId, stored.epoch);
    // This hub has claimed it meanwhile: what was read is older than what it knows.
    if (ownership.owns(agentId)) {
      dirty.add(agentId);
      return;
    }
    const known = [...state.executions.values()].filter((one) => one.agentId === agentId);
    const rows = new Map(unfinished.map((row) => [row.id, row]));
    const gone = known.filter(({ id, delivery }) => delivery !== 'accepting' && !rows.has(id));
    const queue: Execution[] = [];
    let current: Execution | null = null;
    for (const row of unfinished.toSorted(compareStored)) {
      const before = state.executions.get(row.id);
      const isChanged = before !== undefined && before.status !== row.status;
      if (before?.delivery === 'accepting' || commands.hasEnded(row.id)) continue;
      if (before) commands.setStored(before, row);
      const execution = before ?? commands.add(row);
      if (row.sent) current = execution;
      else enqueue(queue, execution);
      if (!before) commands.publishAdded(execution);
      else if (isChanged) completion.publishStatus(execution);
    }
    state.commandQueue.set(agentId, queue);
    agent.current = current;
    const { published } = stored;
    const sizeBefore = agent.remote?.terminalSize;
    agent.remote = stored.isOwned ? published : null;
    if (published) {
      const { summary } = published;
      agent.stopping = new Set(published.stopping);
      // A size that a window of this hub has set meanwhile is later.
      const isResized = !Bun.deepEquals(sizeBefore, published.terminalSize);
      if (current && published.terminalSize && isResized) {
        terminalInput.setSize(current, published.terminalSize);
      }
      agent.capabilities = summary.capabilities;
      agent.descriptions = summary.commandDescriptions;
      agent.connectionTime = summary.connectionTime;
      agent.lastHeartbeat = summary.lastHeartbeat;
      agent.lastOutputAt = summary.lastOutputAt;
      agent.process = summary.process;
      agent.notice = summary.notice;
      if (!stored.isOwned) {
        agent.connection = { link: null, since: summary.lastHeartbeat, cancelGrace: null };
      }
    }
    approvals.mirror(agentId, all, (commandId) => rows.has(commandId));
    presence.update(agent);
    presence.publishUpdate(agent);
    await commands.end(agentId, gone);
  }

  async function read(agentIds: readonly string[]): Promise<Map<string, Stored>> {
    const [states, unfinished] = await Promise.all([
      cluster.listStates(agentIds),
      cluster.listUnfinishedOf(agentIds),
    ]);
    const result = new Map<string, Stored>();
    const waiting: string[] = [];
    for (const agentState of states) {
      const { agentId } = agentState;
      owners.set(agentId, agentState);
      if (agentState.isUnreadable && agentState.isOwned) warnUnreadable({ agentId });
      const ofAgent = unfinished.filter((row) => row.agentId === agentId);
      const isOwn = ownership.owns(agentId);
      result.set(agentId, { state: agentState, unfinished: ofAgent, approvals: [], isOwn });
      if (isOwn) continue;
      waiting.push(...approvals.commandsOf(agentId));
      for (const { id, sent } of ofAgent) if (sent) waiting.push(id);
    }
    if (waiting.length === 0) return result;
    for (const approval of await cluster.listApprovalsOf(waiting)) {
      result.get(approval.agentId)?.approvals.push(approval);
    }
    return result;
  }

  async function reload(agentIds: readonly string[]) {
    const stored = await read(agentIds);
    for (const [agentId, found] of stored) {
      const agent = state.agents.get(agentId);
      if (!agent) continue;
      if (ownership.owns(agentId) && ownership.fenceOf(agentId).epoch < found.state.epoch) {
        lose(agentId);
      }
      try {
        if (ownership.owns(agentId)) adopt(agent, found.unfinished);
        // What was lost during this read is read again.
        else if (!found.isOwn) await update(agent, found);
      } catch (error) {
        if (isUnreachable(error)) throw error;
        // The others do not wait for it.
        warnFailed({ agentId, error });
        clock.after(RETRY_MS, () => void updateAll([agentId]));
      }
    }
    await commands.endLate();
  }

  /** Reads the agents that have changed until now. */
  async function pass(): Promise<void> {
    next = null;
    const agentIds = [...dirty];
    dirty = new Set();
    for (;;) {
      try {
        await reload(agentIds);
        break;
      } catch (error) {
        log.warn('Could not read the state of agents of other hubs.', { error });
        await wait(clock, RETRY_MS);
      }
    }
    void updateAll([]);
  }

  function updateAll(agentIds: Iterable<string>): Promise<void> {
    for (const agentId of agentIds) dirty.add(agentId);
    if (dirty.size > 0) next ??= previous = previous.then(pass);
    return next ?? previous;
  }

  const { endLate, forgetOldEnds, hasEnded, noteEnd, noteLate } = commands;
  const { publishAdded, publishMissed, whenEndsPublished } = commands;
  return {
    endLate,
    forgetOldEnds,
    hasEnded,
    noteEnd,
    noteLate,
    publishAdded,
    publishMissed,
    whenEndsPublished,
    /** Reads these agents again. Resolves when they are up to date, except for those that fail: they are tried again. */
    update: updateAll,
    /** The owner of an agent, as it was read last. */
    ownerOf: (agentId: string) => owners.get(agentId),
    /** Forgets the owner of an agent, because it may be another one. */
    forgetOwner: (agentId: string) => void owners.delete(agentId),
  };
}

const RETRY_MS = 1_000;
