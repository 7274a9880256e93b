// The state of the agents that other hubs own, as far as pages and dashboards of this hub need it. It is read from the store,
// compared with what is known, and the differences are published like changes of this hub.
import { wait } from '../../protocol/clock.ts';
import { hasEnded } from '../../protocol/command-status.ts';
import { type ClusterStore, MAX_ENDED, type StoredAgentState } from '../../store/cluster.ts';
import type { StoredApproval, StoredCommand } from '../../store/store.ts';
import type { Approvals } from '../approvals.ts';
import type { Completion } from '../commands/completion.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import { compareStored, enqueue, enqueueStored } from '../commands/queue.ts';
import type { HubContext } from '../context.ts';
import { createCountedWarning } from '../counted-warning.ts';
import type { Presence } from '../presence.ts';
import type { AgentConnection } from '../state/agent.ts';
import { createExecution, type Execution } from '../state/execution.ts';
import { queueOf } from '../state/server-state.ts';
import { isUnreachable } from '../store-health.ts';
import type { Subscriptions } from '../terminals/subscriptions.ts';
import type { TerminalInput } from '../dashboards/terminal-input.ts';
import type { Terminals } from '../terminals/terminals.ts';
import type { FollowedOutput } from './followed-output.ts';
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
}

/** How long the commands that have ended here are known: longer than any read takes. */
const ENDED_MS = 60_000;

export type Mirror = ReturnType<typeof createMirror>;

export function createMirror(
  context: HubContext,
  { cluster, ownership, lose }: MirrorOptions,
  parts: MirrorParts,
) {
  const { state, store, clock, log } = context;
  const {
    approvals,
    completion,
    dispatcher,
    output,
    presence,
    subscriptions,
    terminals,
    terminalInput,
  } = parts;
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
  let running: Promise<void> | null = null;
  /** When ends of commands were published: a read that began earlier can still contain them as unfinished. */
  const ended = new Map<string, number>();
  /** The commands whose end is being published. */
  const ending = new Set<string>();
  /** By agentId: resolves when the ends of its commands that are being published are published. */
  const endings = new Map<string, Promise<void>>();
  /** The commands of each agent that have ended last, as far as their ends are published. */
  const lastEnded = new Map<string, readonly string[]>();
  /** The owners of agents, as they were read last. */
  const owners = new Map<string, StoredAgentState>();

  function setStored(execution: Execution, row: StoredCommand) {
    Object.assign(execution, row, { delivery: row.sent ? 'sent' : 'waiting' });
  }

  function add(row: StoredCommand): Execution {
    const execution = createExecution(clock, row, row.sent ? 'sent' : 'waiting');
    state.executions.set(row.id, execution);
    return execution;
  }

  /** Publishes a command that was added on another hub. */
  function publishAdded(execution: Execution) {
    subscriptions.attachFollowers(execution);
    completion.publishStatus(execution);
  }

  /** Queues the commands that other hubs have accepted for an agent of this hub. */
  function adopt(agent: AgentConnection, rows: readonly StoredCommand[]) {
    const added = rows
      .filter(({ id, sent }) => !sent && !state.executions.has(id) && !ended.has(id))
      .toSorted(compareStored);
    for (const row of added) {
      const execution = add(row);
      terminals.open(execution);
      enqueueStored(queueOf(state, agent.agentId), execution);
      publishAdded(execution);
    }
    if (added.length > 0) dispatcher.dispatchNext(agent);
  }

  /** Publishes the ends of commands of an agent that are not unfinished anymore. */
  async function end(agentId: string, executions: readonly Execution[]) {
    if (executions.length === 0) return;
    const published = publishEnds(executions);
    const all = Promise.allSettled([endings.get(agentId), published]).then(() => {
      if (endings.get(agentId) === all) endings.delete(agentId);
    });
    endings.set(agentId, all);
    await published;
  }

  async function publishEnds(executions: readonly Execution[]) {
    const rows = await cluster.listByIds(executions.map(({ id }) => id));
    const byId = new Map(rows.map((row) => [row.id, row]));
    for (const execution of executions) {
      const row = byId.get(execution.id);
      const isKnown = state.executions.get(execution.id) === execution;
      if (ownership.owns(execution.agentId) || !isKnown || ending.has(execution.id)) continue;
      if (row && !hasEnded(row.status)) {
        // It was committed after the read of the unfinished commands.
        dirty.add(execution.agentId);
        continue;
      }
      if (!row || ended.has(row.id)) {
        state.executions.delete(execution.id);
        continue;
      }
      ended.set(row.id, clock.monotonic());
      ending.add(row.id);
      if (execution.status === 'queued' && row.startedAt !== null) {
        // It was started and has ended since the last read.
        setStored(execution, { ...row, status: 'running', exitCode: null, error: null });
        completion.publishStatus(execution);
      }
      setStored(execution, row);
      // Readers receive all output before they learn that the command has ended.
      const { id } = execution;
      const reading = row.isOutputOpen ? output.read(id) : output.end(id);
      if (row.isOutputOpen) late.add(id);
      await reading.catch(() => late.add(id));
      // Until now, dashboards that connect learn of the command.
      if (state.executions.get(id) === execution) state.executions.delete(id);
      ending.delete(id);
      completion.publishEnd(execution);
    }
  }

  /** Commands whose output is followed here, and not in another way known to be complete. */
  const late = new Set<string>();

  async function endLate() {
    if (late.size === 0) return;
    for (const { id, status, isOutputOpen } of await cluster.listByIds([...late])) {
      if (isOutputOpen || !hasEnded(status)) continue;
      late.delete(id);
      await output.end(id).catch((error: unknown) => {
        late.add(id);
        throw error;
      });
    }
  }

  /** Publishes commands that have begun and ended between two reads. */
  async function publishMissed(commandIds: readonly string[]): Promise<void> {
    const isMissed = (id: string) => !ended.has(id) && !state.executions.has(id);
    const missed = commandIds.filter(isMissed);
    if (missed.length === 0) return;
    try {
      for (const row of await cluster.listByIds(missed)) {
        const isForeign = state.agents.has(row.agentId) && !ownership.owns(row.agentId);
        if (!isForeign || !hasEnded(row.status) || !isMissed(row.id)) continue;
        const execution = add({ ...row, status: 'queued', exitCode: null, error: null });
        publishAdded(execution);
        await end(row.agentId, [execution]);
      }
    } catch (error) {
      log.warn('Could not read commands of other hubs.', { error });
    }
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
      if (before?.delivery === 'accepting' || ended.has(row.id)) continue;
      if (before) setStored(before, row);
      const execution = before ?? add(row);
      if (row.sent) current = execution;
      else enqueue(queue, execution);
      if (!before) publishAdded(execution);
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
    await end(agentId, gone);
    if (stored.isUnreadable) return;
    await publishMissed(takeEnded(agentId, published?.ended ?? []));
  }

  /** Returns the commands of an agent that have ended since the last read. */
  function takeEnded(agentId: string, commandIds: readonly string[]): string[] {
    const before = lastEnded.get(agentId);
    lastEnded.set(agentId, commandIds);
    return before ? commandIds.filter((id) => !before.includes(id)) : [];
  }

  async function read(agentIds: readonly string[]): Promise<Map<string, Stored>> {
    const [states, unfinished] = await Promise.all([
      cluster.listStates(agentIds),
      cluster.listUnfinishedOf(agentIds),
    ]);
    const result = new Map<string, Stored>();
    for (const agentState of states) {
      const { agentId } = agentState;
      owners.set(agentId, agentState);
      if (agentState.isUnreadable && agentState.isOwned) warnUnreadable({ agentId });
      const ofAgent = unfinished.filter((row) => row.agentId === agentId);
      result.set(agentId, { state: agentState, unfinished: ofAgent, approvals: [] });
      if (ownership.owns(agentId)) continue;
      const waiting = new Set(approvals.commandsOf(agentId));
      for (const { id, sent } of ofAgent) if (sent) waiting.add(id);
      for (const commandId of waiting) {
        result.get(agentId)?.approvals.push(...(await store.approvals.listByCommand(commandId)));
      }
    }
    return result;
  }

  async function reload(agentIds: readonly string[]) {
    const now = clock.monotonic();
    for (const [id, at] of ended) if (now - at > ENDED_MS) ended.delete(id);
    const stored = await read(agentIds);
    for (const [agentId, found] of stored) {
      const agent = state.agents.get(agentId);
      if (!agent) continue;
      if (ownership.owns(agentId) && ownership.fenceOf(agentId).epoch < found.state.epoch) {
        lose(agentId);
      }
      try {
        if (ownership.owns(agentId)) adopt(agent, found.unfinished);
        else await update(agent, found);
      } catch (error) {
        if (isUnreachable(error)) throw error;
        // The others do not wait for it.
        warnFailed({ agentId, error });
        clock.after(RETRY_MS, () => void updateAll([agentId]));
      }
    }
    await endLate();
  }

  async function run() {
    while (dirty.size > 0) {
      const agentIds = [...dirty];
      dirty = new Set();
      try {
        await reload(agentIds);
      } catch (error) {
        log.warn('Could not read the state of agents of other hubs.', { error });
        for (const agentId of agentIds) dirty.add(agentId);
        await wait(clock, RETRY_MS);
      }
    }
    running = null;
  }

  function updateAll(agentIds: Iterable<string>): Promise<void> {
    for (const agentId of agentIds) dirty.add(agentId);
    if (dirty.size > 0) running ??= run();
    return running ?? Promise.resolve();
  }

  return {
    /** Reads these agents again. Resolves when they are up to date, except for those that fail: they are tried again. */
    update: updateAll,
    /** The owner of an agent, as it was read last. */
    ownerOf: (agentId: string) => owners.get(agentId),
    /** Forgets the owner of an agent, because it may be another one. */
    forgetOwner: (agentId: string) => void owners.delete(agentId),
    /** Publishes that the output of these commands is complete, when other hubs have stored that. */
    noteLate(commandIds: Iterable<string>) {
      for (const commandId of commandIds) late.add(commandId);
    },
    publishMissed,
    publishAdded,
    /** Publishes the ends of output that could not be read before, or that arrived after the end of its command. */
    endLate,
    /** Whether the end of a command was published a short time ago. */
    hasEnded: (commandId: string) => ended.has(commandId),
    /** Resolves when no end of a command of an agent is being published. */
    async whenEndsPublished(agentId: string): Promise<void> {
      while (endings.has(agentId)) await endings.get(agentId);
    },
    /** Remembers that the end of a command is published. */
    noteEnd(agentId: string, commandId: string) {
      ended.set(commandId, clock.monotonic());
      lastEnded.set(agentId, [...(lastEnded.get(agentId) ?? []), commandId].slice(-2 * MAX_ENDED));
    },
  };
}

const RETRY_MS = 1_000;
