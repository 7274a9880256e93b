// The commands of agents that other hubs own: each is published when it appears, and when it ends. Reads overlap, and an agent can
// move while its commands end, so that it is noted which ends are published.
import { hasEnded } from '../../protocol/command-status.ts';
import type { ClusterStore } from '../../store/cluster.ts';
import type { StoredCommand } from '../../store/store.ts';
import type { Completion } from '../commands/completion.ts';
import type { HubContext } from '../context.ts';
import { createExecution, type Execution } from '../state/execution.ts';
import type { Subscriptions } from '../terminals/subscriptions.ts';
import type { FollowedOutput } from './followed-output.ts';
import type { SharedOwnership } from './ownership.ts';

export interface MirroredCommandsParts {
  completion: Completion;
  output: FollowedOutput;
  subscriptions: Subscriptions;
}

/** How long the commands that have ended are known after they were listed last: longer than any read takes. */
const ENDED_MS = 60_000;

/** @param readAgain reads an agent again, because it has changed since it was read */
export function createMirroredCommands(
  { state, clock }: HubContext,
  { cluster, ownership }: { cluster: ClusterStore; ownership: SharedOwnership },
  { completion, output, subscriptions }: MirroredCommandsParts,
  readAgain: (agentId: string) => void,
) {
  /** When ends of commands were published: a read that began earlier can still contain them as unfinished. */
  const ended = new Map<string, number>();
  /** The commands whose end is being published. */
  const ending = new Set<string>();
  /** By agentId: resolves when the ends of its commands that are being published are published. */
  const endings = new Map<string, Promise<void>>();

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

  /** Publishes that a command was started, if it was and that is not published. @param row what is stored: it has ended */
  function publishStart(execution: Execution, row: StoredCommand) {
    if (execution.status !== 'queued' || row.startedAt === null) return;
    setStored(execution, { ...row, status: 'running', exitCode: null, error: null });
    completion.publishStatus(execution);
  }

  function publishEnd(execution: Execution, row: StoredCommand) {
    publishStart(execution, row);
    setStored(execution, row);
    completion.publishEnd(execution);
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
        readAgain(execution.agentId);
        continue;
      }
      if (!row || ended.has(row.id)) {
        state.executions.delete(execution.id);
        continue;
      }
      ended.set(row.id, clock.monotonic());
      ending.add(row.id);
      publishStart(execution, row);
      // Readers receive all output before they learn that the command has ended.
      const { id } = execution;
      const reading = row.isOutputOpen ? output.read(id) : output.end(id);
      if (row.isOutputOpen) late.add(id);
      await reading.catch(() => late.add(id));
      // Until now, dashboards that connect learn of the command.
      if (state.executions.get(id) === execution) state.executions.delete(id);
      ending.delete(id);
      publishEnd(execution, row);
    }
  }

  /** Commands whose output is followed here, and not in another way known to be complete. */
  const late = new Set<string>();

  async function endLate() {
    // A reader can have opened the output of a command again that has ended meanwhile.
    const forgotten = output.list().filter((id) => !state.executions.has(id));
    const asked = [...new Set([...late, ...forgotten])];
    if (asked.length === 0) return;
    const rows = await cluster.listByIds(asked);
    const found = new Set(rows.map(({ id }) => id));
    for (const id of asked) if (!found.has(id)) late.delete(id);
    for (const { id, status, isOutputOpen } of rows) {
      if (isOutputOpen || !hasEnded(status)) continue;
      late.delete(id);
      await output.end(id).catch((error: unknown) => {
        late.add(id);
        throw error;
      });
    }
  }

  /**
   * Publishes those of these commands that have ended without being published. Either they have begun and ended between two reads,
   * or their owner has lost the agent before it could tell the others.
   * @throws if they cannot be read
   */
  async function publishMissed(commandIds: readonly string[]): Promise<void> {
    const now = clock.monotonic();
    for (const id of commandIds) if (ended.has(id)) ended.set(id, now);
    /** The command, if its agent was removed. */
    function findOrphan(id: string): Execution | undefined {
      const execution = state.executions.get(id);
      return execution && !state.agents.has(execution.agentId) ? execution : undefined;
    }
    const isMissed = (id: string) =>
      !ended.has(id) && (!state.executions.has(id) || findOrphan(id) !== undefined);
    const missed = commandIds.filter(isMissed);
    if (missed.length === 0) return;
    for (const row of await cluster.listByIds(missed)) {
      if (!hasEnded(row.status) || !isMissed(row.id)) continue;
      const orphan = findOrphan(row.id);
      if (orphan) await end(row.agentId, [orphan]);
      if (orphan || !state.agents.has(row.agentId)) continue;
      const queued: StoredCommand = { ...row, status: 'queued', exitCode: null, error: null };
      if (ownership.owns(row.agentId)) {
        const execution = createExecution(clock, queued, 'sent');
        publishAdded(execution);
        publishEnd(execution, row);
      } else {
        const execution = add(queued);
        publishAdded(execution);
        await end(row.agentId, [execution]);
      }
    }
  }

  return {
    setStored,
    add,
    end,
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
    noteEnd: (commandId: string) => void ended.set(commandId, clock.monotonic()),
    /** Forgets the ends that neither a read nor a list of what has changed can contain anymore. */
    forgetOldEnds() {
      const now = clock.monotonic();
      for (const [id, at] of ended) if (now - at > ENDED_MS) ended.delete(id);
    },
  };
}
