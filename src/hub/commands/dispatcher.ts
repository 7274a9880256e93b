// Dispatches queued commands to their agents, one at a time, and ends them. An attempt is committed before it is sent, so
// that an agent never runs a command twice (docs/protocol.md, "Commands").
import { runsOnTerminal, validateCommand } from '../../protocol/capabilities.ts';
import { CommandOptions } from '../../protocol/entities.ts';
import type { StopReason } from '../../protocol/command-status.ts';
import { ESCALATION_MS } from '../../protocol/limits.ts';
import { pickFields } from '../../protocol/pick-fields.ts';
import type { Approvals } from '../approvals.ts';
import type { HubContext } from '../context.ts';
import { type Link, sendToAgent } from '../link.ts';
import type { Presence } from '../presence.ts';
import type { AgentConnection } from '../state/agent.ts';
import { type Execution, moveDelivery } from '../state/execution.ts';
import { queueOf } from '../state/server-state.ts';
import type { Completion } from './completion.ts';
import { expiredOutcome, type Outcome, removedOutcome, stoppedOutcome } from './outcome.ts';
import { enqueueStored, remove, requeue, takeNext } from './queue.ts';

/** Delay before a failed attempt to dispatch a command is retried. */
const RETRY_MS = 1_000;

/** A warning is logged for a command queued for longer: commands of a higher priority may be blocking it. */
const LONG_WAIT_MS = 900_000;

/**
 * An agent starts a command as soon as it receives it. The hub stops a command that has not started after this time.
 */
const START_LIMIT_MS = 30_000;

/**
 * The hub stops waiting for an agent that has not stopped a command after this time. By then the agent has sent every
 * signal.
 */
const GIVE_UP_MS = 6 * ESCALATION_MS;

export type Dispatcher = ReturnType<typeof createDispatcher>;

export interface DispatcherParts {
  approvals: Approvals;
  completion: Completion;
  presence: Presence;
}

interface RestoreOptions {
  /** How long the command has been running, in milliseconds; undefined if the clock of this hub tells. */
  elapsedMs?: number;
  /** Whether it is still needed when its approval requests were read. */
  isCurrent?: () => boolean;
}

export function createDispatcher(context: HubContext, parts: DispatcherParts) {
  const { state, clock, log, settings, storeHealth, ownership } = context;
  const { approvals, completion, presence } = parts;
  const ttlMs = settings.queueTtlMs;
  /** Queued commands for which a warning has been logged. */
  const warned = new Set<string>();

  /** Sends the next queued command to an agent that is idle and not paused. */
  function dispatchNext(agent: AgentConnection) {
    const { link } = agent.connection;
    if (!link || agent.paused || agent.current || agent.stopping.size > 0) return;
    const next = takeNext(queueOf(state, agent.agentId));
    if (!next) return;
    agent.current = next;
    agent.lastOutputAt = null;
    agent.process = null;
    const reason = validateCommand(next.command, agent.capabilities);
    if (reason !== null) {
      endInBackground(next, {
        event: 'failed',
        error: { code: 'invalid_command', message: reason },
      });
      return;
    }
    presence.update(agent);
    dispatch(agent, link, next).catch((error: unknown) => {
      log.error('Could not dispatch a command.', { commandId: next.id, error });
    });
  }

  /** Commits an attempt, then sends it. If the connection is closed by then, the command returns to the queue. */
  async function dispatch(agent: AgentConnection, link: Link, execution: Execution) {
    const attempt = {
      attempt: execution.attempt + 1,
      sent: true,
      journalId: agent.connection.link && agent.connection.journalId,
    };
    moveDelivery(execution, 'taken');
    try {
      await completion.persistOnce(execution.id, attempt);
    } catch (error) {
      storeHealth.reportFailure(error);
      // Another hub owns the agent now.
      if (agent.current !== execution) return;
      returnToQueue(agent, execution);
      clock.after(RETRY_MS, () => dispatchNext(agent));
      return;
    }
    Object.assign(execution, attempt);
    if (execution.completion) return;
    if (execution.stopReason) return end(execution, { event: 'interrupted' });
    if (agent.connection.link !== link) {
      returnToQueue(agent, execution);
      await completion.persist(execution.id, { sent: false });
      dispatchNext(agent);
      return;
    }
    moveDelivery(execution, 'sent');
    execution.cancelStartLimit = clock.after(START_LIMIT_MS, () => {
      if (agent.connection.link) stop(execution, 'not_started');
    });
    sendToAgent(link, {
      type: 'command:execute',
      commandId: execution.id,
      attempt: execution.attempt,
      command: execution.command,
      ...pickFields(CommandOptions, execution),
    });
    // Programs that use the whole screen then draw it once, and not again for the first window.
    if (agent.terminalSize && runsOnTerminal(execution.command, agent.capabilities)) {
      const { id: commandId } = execution;
      sendToAgent(link, { type: 'terminal:resize', commandId, ...agent.terminalSize });
    }
  }

  /** Returns a command that never started to the head of the queue, or ends it if it is being stopped. */
  function returnToQueue(agent: AgentConnection, execution: Execution) {
    if (execution.stopReason) return endInBackground(execution, stoppedOutcome(execution));
    moveDelivery(execution, 'returned');
    execution.cancelStartLimit();
    agent.current = null;
    requeue(queueOf(state, agent.agentId), execution);
    presence.update(agent);
  }

  /**
   * Starts the timeout of a command that has been running for `elapsedMs`. While its agent is offline the timeout has no
   * effect: the agent enforces it, or the grace period ends the command.
   */
  function startTimeout(execution: Execution, elapsedMs = 0) {
    execution.timeout.start(elapsedMs, () => {
      if (linkOf(execution)) stop(execution, 'timeout');
    });
  }

  function linkOf({ agentId }: Execution) {
    return state.agents.get(agentId)?.connection.link;
  }

  /**
   * Sends the agent an interrupt for a command. If the agent is offline or does not stop the command, the hub ends it.
   * The reason is persisted, so that the hub still stops the command after a crash.
   */
  function stop(execution: Execution, reason: StopReason) {
    if (execution.completion) return;
    const isRepeated = execution.cancelGiveUp !== null;
    setStopReason(execution, reason);
    execution.timeout.stop();
    execution.cancelStartLimit();
    inBackground(approvals.cancelPending(execution.id), execution);
    const giveUp = () =>
      endInBackground(execution, { ...stoppedOutcome(execution), isOutputPending: true });
    const link = linkOf(execution);
    if (!link) return giveUp();
    sendToAgent(link, {
      type: 'command:interrupt',
      commandId: execution.id,
      reason: reason === 'user' ? 'user' : 'timeout',
    });
    if (!isRepeated) execution.cancelGiveUp = clock.after(GIVE_UP_MS, giveUp);
  }

  function setStopReason(execution: Execution, reason: StopReason) {
    if (execution.stopReason !== null) return;
    execution.stopReason = reason;
    inBackground(completion.persist(execution.id, { stopReason: reason }), execution);
  }

  /** Ends a command and dispatches the next one to its agent. */
  async function end(execution: Execution, outcome: Outcome) {
    await completion.complete(execution, outcome);
    state.executions.delete(execution.id);
    inBackground(approvals.close(execution.id), execution);
    const agent = state.agents.get(execution.agentId);
    if (agent?.current !== execution) return;
    agent.current = null;
    // Sealed already, or even complete and freed, if the agent has reconnected without this command.
    const isSealed = state.terminalBuffers.get(execution.id)?.isSealed ?? true;
    if (outcome.isOutputPending && !isSealed) agent.stopping.add(execution.id);
    presence.update(agent);
    dispatchNext(agent);
  }

  function endInBackground(execution: Execution, outcome: Outcome) {
    inBackground(end(execution, outcome), execution);
  }

  function inBackground(work: Promise<unknown>, { id: commandId }: Execution) {
    work.catch((error: unknown) => {
      log.error('Could not stop or end a command.', { commandId, error });
    });
  }

  return {
    dispatchNext,
    returnToQueue,
    startTimeout,
    stop,
    setStopReason,
    end,
    endInBackground,
    /**
     * Fails the commands that have been queued for longer than the limit, and logs a warning about those that have been
     * waiting for a long time.
     */
    checkQueues() {
      const now = clock.now();
      for (const [agentId, queue] of state.commandQueue) {
        if (!ownership.owns(agentId)) continue;
        for (const execution of queue.filter((queued) => now - queued.requestedAt > ttlMs)) {
          remove(queue, execution);
          endInBackground(execution, expiredOutcome(ttlMs));
        }
        for (const [ahead, { id: commandId, priority, requestedAt }] of queue.entries()) {
          if (now - requestedAt < LONG_WAIT_MS || warned.has(commandId)) continue;
          warned.add(commandId);
          log.warn('A command has been queued for more than 15 min.', {
            commandId,
            agentId,
            priority,
            ahead,
          });
        }
      }
      for (const id of warned) if (!state.executions.has(id)) warned.delete(id);
    },
    /** Restores a stored command: queued, or assigned to its agent if it was sent. */
    async restore(
      execution: Execution,
      { elapsedMs, isCurrent = () => true }: RestoreOptions = {},
    ) {
      state.executions.set(execution.id, execution);
      const agent = state.agents.get(execution.agentId);
      if (!agent) return endInBackground(execution, removedOutcome(execution));
      if (execution.delivery === 'sent') agent.current = execution;
      else if (execution.stopReason) return endInBackground(execution, stoppedOutcome(execution));
      else enqueueStored(queueOf(state, execution.agentId), execution);
      // A command that is queued has not asked anything.
      if (execution.delivery !== 'sent') return;
      await approvals.restore(execution, isCurrent);
      if (execution.startedAt === null || !isCurrent()) return;
      startTimeout(execution, elapsedMs ?? Math.max(0, clock.now() - execution.startedAt));
    },
  };
}
