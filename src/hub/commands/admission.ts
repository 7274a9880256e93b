// Checks, commits and queues every command, whether it comes from a socket, a page or the API.
import type {
  AcceptedCommand,
  CommandBody,
  AcceptedComparison,
  ComparisonBody,
} from '../../protocol/api.ts';
import { validateCommand } from '../../protocol/capabilities.ts';
import { formatDuration } from '../../protocol/duration.ts';
import { HubError } from '../../protocol/errors.ts';
import { QUEUE_LENGTH } from '../../protocol/limits.ts';
import type { HubContext } from '../context.ts';
import { requireAgent } from '../grants.ts';
import type { Actor } from '../state/dashboard.ts';
import { isConnected } from '../state/agent.ts';
import { createExecution, type Execution, moveDelivery, toStored } from '../state/execution.ts';
import { requirePermission } from '../require-permission.ts';
import { isRequestKnown } from '../store-health.ts';
import { queueOf } from '../state/server-state.ts';
import type { Subscriptions } from '../terminals/subscriptions.ts';
import type { Terminals } from '../terminals/terminals.ts';
import type { Completion } from './completion.ts';
import type { Dispatcher } from './dispatcher.ts';
import { createIdempotency } from './idempotency.ts';
import { removedOutcome } from './outcome.ts';
import { enqueue } from './queue.ts';

/** A command, and the comparison it belongs to. */
type CommandInput = CommandBody & { comparisonId?: string };

export type Admission = ReturnType<typeof createAdmission>;

export interface AdmissionParts {
  completion: Completion;
  dispatcher: Dispatcher;
  subscriptions: Subscriptions;
  terminals: Terminals;
}

export function createAdmission(context: HubContext, parts: AdmissionParts) {
  const { state, store, clock, settings, storeHealth, audit, ownership } = context;
  const { completion, dispatcher, subscriptions, terminals } = parts;
  const idempotency = createIdempotency(clock);

  /** How many commands are being committed, by agentId. */
  const accepting = new Map<string, number>();

  function countAccepting(agentId: string, change: 1 | -1) {
    const count = (accepting.get(agentId) ?? 0) + change;
    if (count > 0) accepting.set(agentId, count);
    else accepting.delete(agentId);
  }

  /** How many commands are waiting for an agent, including those that are being committed. */
  function queueLengthOf(agentId: string): number {
    return (state.commandQueue.get(agentId)?.length ?? 0) + (accepting.get(agentId) ?? 0);
  }

  function requireRunnable(
    actor: Actor,
    { agentId, command, timeoutMs = 0, ifOffline = 'refuse' }: CommandBody,
  ) {
    const agent = requireAgent(state, actor, agentId);
    if (storeHealth.status() === 'damaged') {
      throw new HubError('unavailable', storeHealth.failure() ?? 'The database is damaged.');
    }
    if (!isConnected(agent) && ifOffline === 'refuse') {
      throw new HubError('agent_offline', `Agent "${agentId}" is offline.`);
    }
    // The capabilities of an agent that has never connected are checked when it runs the command.
    const capabilities = agent.connectionTime === null ? null : agent.capabilities;
    const reason = validateCommand(command, capabilities);
    if (reason !== null) throw new HubError('invalid_command', reason);
    if (timeoutMs > settings.maxCommandTimeoutMs) {
      const longest = formatDuration(settings.maxCommandTimeoutMs);
      throw new HubError('invalid_command', `The timeout cannot exceed ${longest}.`);
    }
    if (queueLengthOf(agentId) >= QUEUE_LENGTH) {
      throw new HubError(
        'queue_full',
        `The queue of "${agentId}" is full (${QUEUE_LENGTH} commands). Try again later.`,
      );
    }
  }

  function executionOf(actor: Actor, input: CommandInput): Execution {
    return createExecution(
      clock,
      {
        id: Bun.randomUUIDv7(),
        agentId: input.agentId,
        command: input.command,
        priority: input.priority ?? 'normal',
        status: 'queued',
        requestedBy: actor.userId,
        requestedAt: clock.now(),
        startedAt: null,
        completedAt: null,
        exitCode: null,
        signal: null,
        session: input.session ?? 'continue',
        timeoutMs: input.timeoutMs ?? settings.commandTimeoutMs,
        error: null,
        stopReason: null,
        disconnectedAt: null,
        comparisonId: input.comparisonId ?? null,
        conversationId: null,
        usage: null,
        changes: null,
        editedBy: null,
        changesProblem: null,
        requestId: input.requestId ?? null,
        attempt: 0,
        sent: false,
        journalId: null,
        agentNextSequence: 0,
        isOutputOpen: false,
        lastSequence: null,
        totalBytes: null,
        queueRank: null,
      },
      'accepting',
    );
  }

  /**
   * Queues a command once it is committed.
   * @returns its position; 0 is next
   * @throws the store's error; the command is then discarded
   */
  async function accept(execution: Execution, committed: Promise<void>): Promise<number> {
    const agent = state.agents.get(execution.agentId);
    state.executions.set(execution.id, execution);
    countAccepting(execution.agentId, 1);
    try {
      await committed;
    } catch (error) {
      state.executions.delete(execution.id);
      throw error;
    } finally {
      countAccepting(execution.agentId, -1);
    }
    moveDelivery(execution, 'committed');
    if (ownership.owns(execution.agentId)) terminals.open(execution);
    subscriptions.attachFollowers(execution);
    // An agent that was removed and added again in the meantime is a different agent.
    const isRemoved = !agent || state.agents.get(execution.agentId) !== agent;
    if (!ownership.owns(execution.agentId)) ownership.notify(execution.agentId);
    const position = isRemoved ? 0 : enqueue(queueOf(state, execution.agentId), execution);
    // In the next tick, so that the requester receives `command:accepted` first.
    setImmediate(() => {
      if (!execution.completion) completion.publishStatus(execution);
      if (isRemoved) dispatcher.endInBackground(execution, removedOutcome(execution));
      else dispatcher.dispatchNext(agent);
    });
    return position;
  }

  /** Finds agents that have connected to another hub a moment ago, before commands for them are refused. */
  async function refreshOffline(inputs: readonly CommandInput[]): Promise<void> {
    const offline = inputs.filter(({ agentId, ifOffline = 'refuse' }) => {
      const agent = state.agents.get(agentId);
      const isOffline = agent !== undefined && !isConnected(agent) && !ownership.owns(agentId);
      return isOffline && ifOffline === 'refuse';
    });
    await Promise.all(offline.map(({ agentId }) => ownership.refresh(agentId)));
  }

  /** Reads the commands that other hubs have accepted for the same requests. Returns whether there are any. */
  async function findKnown({ userId }: Actor, inputs: readonly CommandInput[]): Promise<boolean> {
    const requestIds = inputs.flatMap(({ requestId }) => requestId ?? []);
    const unknown = requestIds.filter((id) => !idempotency.find(userId, id));
    const found = await Promise.all(
      unknown.map(async (requestId) => {
        const command = await store.cluster?.findRequested(userId, requestId);
        if (command) idempotency.add(userId, requestId, command);
        return Boolean(command);
      }),
    );
    return found.includes(true);
  }

  /** Accepts all commands with one write, or none. */
  async function acceptAll(
    actor: Actor,
    inputs: readonly CommandInput[],
  ): Promise<AcceptedCommand[]> {
    const requests = inputs.map((input) => ({
      input,
      known: input.requestId ? idempotency.find(actor.userId, input.requestId) : undefined,
    }));
    for (const { input, known } of requests) {
      if (!known) requireRunnable(actor, input);
      else if (!known.isSame(input)) {
        const message = 'This request ID was used for another command. Use a new one.';
        throw new HubError('request_id_reused', message);
      }
    }
    const created = requests.flatMap(({ input, known }) =>
      known ? [] : [executionOf(actor, input)],
    );
    const committed =
      created.length > 0
        ? store.commands.insert(
            created.map((execution) => toStored(execution)),
            created.map(({ id, agentId }) =>
              audit.createEntry(actor, {
                action: 'command.requested',
                target: id,
                detail: { agentId },
              }),
            ),
          )
        : Promise.resolve();
    const accepted = new Map(
      created.map((execution) => {
        const position = accept(execution, committed);
        const { id: commandId, agentId, requestId } = execution;
        if (requestId) idempotency.add(actor.userId, requestId, execution, position);
        return [agentId, { commandId, agentId, position }];
      }),
    );
    try {
      return await Promise.all(
        requests.map(async ({ input, known }) => {
          const request = known ?? accepted.get(input.agentId);
          if (!request) throw new Error('Assertion failed: no command was created.');
          const { commandId, agentId, position } = request;
          return { commandId, agentId, position: await position };
        }),
      );
    } catch (error) {
      for (const { requestId } of created) {
        if (requestId) idempotency.delete(actor.userId, requestId);
      }
      const isKnown = isRequestKnown(error);
      if (isKnown && (await findKnown(actor, inputs))) return acceptAll(actor, inputs);
      if (!isKnown) storeHealth.reportFailure(error);
      throw new HubError('unavailable', 'Could not save the command. Try again.');
    }
  }

  /** A comparison ID identifies one command of one user. */
  async function requireSameComparison(actor: Actor, comparisonId: string, command: string) {
    const { items } = await store.commands.listPage({ comparisonId });
    const isSame = items.every(
      (item) => item.command === command && item.requestedBy === actor.userId,
    );
    if (isSame) return;
    throw new HubError('invalid_message', 'This comparison ID is already in use. Use a new one.');
  }

  return {
    /** Restores a request from an earlier run, so that it is not accepted twice. */
    restoreRequest: idempotency.add,
    /**
     * Accepts a command. Resolves when it is committed and queued.
     * The same `requestId` from the same user returns the same command for 24 hours.
     * @throws {HubError} forbidden, agent_unknown, agent_offline, invalid_command, queue_full, unavailable
     */
    async request(actor: Actor, body: CommandBody): Promise<AcceptedCommand> {
      requirePermission(actor, 'commands:send');
      await refreshOffline([body]);
      const [answer] = await acceptAll(actor, [body]);
      if (!answer) throw new Error('Assertion failed: no command was created.');
      return answer;
    },
    /**
     * Accepts the same command for several agents: for all of them, or for none if one cannot run it. The same
     * `comparisonId` from the same user returns the same commands for 24 hours.
     * @throws {HubError} the same errors as `request`
     */
    async compare(
      actor: Actor,
      { agentIds, comparisonId = Bun.randomUUIDv7(), ...body }: ComparisonBody,
    ): Promise<AcceptedComparison> {
      requirePermission(actor, 'commands:send');
      await requireSameComparison(actor, comparisonId, body.command);
      const inputs = agentIds.map((agentId): CommandInput => {
        const requestId = `comparison:${comparisonId}:${agentId}`;
        return { ...body, agentId, comparisonId, requestId };
      });
      await refreshOffline(inputs);
      return { comparisonId, commands: await acceptAll(actor, inputs) };
    },
  };
}
