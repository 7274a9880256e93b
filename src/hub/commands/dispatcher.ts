// The one way a command goes once it is admitted: committed, queued, handed over, started, ended.
import type { CommandFinished } from '../../protocol/agent-to-hub.ts';
import { nextCommandStatus } from '../../protocol/command-status.ts';
import { mayActAs } from '../../protocol/entities.ts';
import { Refusal } from '../../protocol/errors.ts';
import { type CommandReport, reportOf } from '../../protocol/report.ts';
import type { AgentConnection } from '../state/agent.ts';
import type { AgentPresence } from '../presence.ts';
import { enqueue, withdraw } from './queue.ts';
import type { Actor } from '../state/dashboard.ts';
import type { Approvals } from '../approvals.ts';
import { createDeadlines } from './timeouts.ts';
import type { Endings } from './completion.ts';
import type { Execution } from '../state/execution.ts';
import { createHandover } from './delivery.ts';
import { type Ending, endingOf, removed } from './outcome.ts';
import type { Readers } from '../terminals/subscriptions.ts';
import type { HubContext } from '../state/server-state.ts';
import type { Terminals } from '../terminals/terminals.ts';

export type Dispatcher = ReturnType<typeof createDispatcher>;

export interface DispatcherParts {
  approvals: Approvals;
  endings: Endings;
  presence: AgentPresence;
  readers: Readers;
  terminals: Terminals;
}

export function createDispatcher(context: HubContext, parts: DispatcherParts) {
  const { state, store, clock, log } = context;
  const { approvals, endings, presence, readers, terminals } = parts;
  const live = new Map<string, Execution>();
  const deadlines = createDeadlines(context, {
    stopping: ({ id }) => approvals.cancel(id),
    end: endSoon,
  });
  const { pump, takeBack } = createHandover(context, {
    deadlines,
    endings,
    presence,
    queueOf,
    end,
    endSoon,
  });

  function queueOf(agentId: string): Execution[] {
    const queue = state.commandQueue.get(agentId) ?? [];
    state.commandQueue.set(agentId, queue);
    return queue;
  }

  /** The command of this id, where it is queued or running. Nobody knows of one that is not yet committed. */
  function find(commandId: string): Execution | undefined {
    const execution = live.get(commandId);
    return execution && isAccepted(execution) ? execution : undefined;
  }

  async function end(execution: Execution, ending: Ending) {
    await endings.end(execution, ending);
    live.delete(execution.id);
    approvals.cancel(execution.id);
    const agent = state.agents.get(execution.agentId);
    if (agent?.current !== execution) return;
    agent.current = null;
    if (ending.outputFollows) agent.stopping.add(execution.id);
    presence.settle(agent);
    pump(agent);
  }

  /** Ends a command in the background; what goes wrong is logged. */
  function endSoon(execution: Execution, ending: Ending) {
    end(execution, ending).catch((error: unknown) => {
      log.error('A command could not be ended.', { commandId: execution.id, error });
    });
  }

  /** Marks a command as started, and says so once that is committed. */
  function started(execution: Execution) {
    const changes = {
      status: nextCommandStatus(execution.status, 'started'),
      startedAt: Math.max(clock.now(), execution.requestedAt),
    };
    Object.assign(execution, changes);
    deadlines.start(execution);
    const shown = { ...execution };
    endings
      .persist(execution, changes)
      .then(() => endings.tell(shown))
      .catch((error: unknown) => log.error('A start could not be told.', { error }));
  }

  /** Takes what an agent knows of a turn under way; told once it is committed. */
  function reported(execution: Execution, report: CommandReport) {
    if (execution.ending || Object.keys(report).length === 0) return;
    endings
      .persist(execution, report)
      .then(() => {
        Object.assign(execution, report);
        endings.tellReport(execution, report);
      })
      .catch((error: unknown) => log.error('A report could not be told.', { error }));
  }

  return {
    queueOf,
    pump,
    end,
    endSoon,
    started,
    reported,
    takeBack,
    deadlines,

    find,
    /** Every queued or running command. */
    all: () => [...live.values()].filter(isAccepted),
    /** How many commands wait for an agent, those that are being committed included. */
    waitingFor: (agentId: string) =>
      [...live.values()].filter(
        (execution) =>
          execution.agentId === agentId &&
          (execution.delivery === 'accepting' || execution.delivery === 'waiting'),
      ).length,

    /** A command has begun to wait for an answer, or no longer waits for any. */
    waits(commandId: string, waits: boolean) {
      const execution = find(commandId);
      if (!execution) return;
      if (waits) deadlines.hold(execution);
      else deadlines.release(execution);
      const agent = state.agents.get(execution.agentId);
      if (agent) presence.tell(agent);
    },

    /** Brings a stored command back, queued or in its agent's hands. */
    restore(command: Execution) {
      live.set(command.id, command);
      const agent = state.agents.get(command.agentId);
      if (command.delivery === 'waiting') enqueue(queueOf(command.agentId), command);
      else if (agent) agent.current = command;
    },

    /**
     * Commits a command and queues it; answers with its position, 0 being next.
     * @throws what the store throws; the command is unknown then
     */
    async accept(execution: Execution, committed: Promise<void>): Promise<number> {
      execution.delivery = 'accepting';
      live.set(execution.id, execution);
      try {
        await committed;
      } catch (error) {
        live.delete(execution.id);
        throw error;
      }
      execution.delivery = 'waiting';
      terminals.open(execution.id);
      readers.follow(execution.id);
      const position = enqueue(queueOf(execution.agentId), execution);
      // In the next turn, so that the requester hears of its acceptance first.
      setImmediate(() => {
        if (!execution.ending) endings.tell(execution);
        const agent = state.agents.get(execution.agentId);
        if (agent) return pump(agent);
        state.commandQueue.delete(execution.agentId);
        endSoon(execution, removed(execution));
      });
      return position;
    },

    /**
     * Stops a command: a waiting one at once, a running one through its agent. May be repeated.
     * @throws {Refusal} forbidden, command_unknown, command_not_active
     */
    async interrupt(who: Actor, commandId: string): Promise<void> {
      if (!mayActAs(who.role, 'operator')) {
        throw new Refusal('forbidden', 'Your role may watch, but not interrupt.');
      }
      const execution = find(commandId);
      if (!execution || execution.ending) {
        const command = execution ?? (await store.commands.find(commandId));
        if (!command) throw new Refusal('command_unknown', 'There is no such command.');
        throw new Refusal('command_not_active', 'The command has ended already.');
      }
      if (execution.delivery === 'sent') return deadlines.stop(execution, 'user');
      if (execution.delivery === 'sending') {
        execution.stopping = 'user';
        return;
      }
      withdraw(queueOf(execution.agentId), execution);
      await end(execution, { event: 'interrupted' });
    },

    /** Takes an agent's word that a command is over; fulfilled once that is committed. */
    async finished(agent: AgentConnection, message: CommandFinished): Promise<void> {
      const execution = agent.current;
      if (execution?.id === message.commandId) {
        const ending = endingOf(execution, message);
        if (!execution.ending) {
          terminals.get(execution.id)?.lose(message.lastSequence + 1, 0);
          if (execution.status === 'queued' && ending.event === 'completed') started(execution);
        }
        await end(execution, ending);
      }
      if (agent.stopping.delete(message.commandId)) {
        terminals.get(message.commandId)?.lose(message.lastSequence + 1, 0);
        endings.completeLate(message.commandId, message.report && reportOf(message.report));
        presence.settle(agent);
        pump(agent);
      }
    },
  };
}

function isAccepted({ delivery }: Execution): boolean {
  return delivery !== 'accepting';
}
