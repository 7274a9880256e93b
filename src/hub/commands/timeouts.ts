// How long a command may run, and how it is made to stop: by its time-out, or by somebody. Time spent waiting for an
// approval does not count (protocol.md, "Commands").
import { ESCALATION_MS } from '../../protocol/limits.ts';
import type { Execution } from '../state/execution.ts';
import { tellAgent } from '../link.ts';
import { type Ending, stopped } from './outcome.ts';
import type { HubContext } from '../state/server-state.ts';

/** A program that has not ended so long after it was told to is given up: all signals, and some patience. */
const GIVE_UP_MS = 6 * ESCALATION_MS;

export interface DeadlineEvents {
  /** A command was told to stop: nobody need answer its questions any more. */
  stopping(execution: Execution): void;
  /** A command's end is decided here: its agent is away, or does not obey. */
  end(execution: Execution, ending: Ending): void;
}

export type Deadlines = ReturnType<typeof createDeadlines>;

export function createDeadlines({ state, clock }: HubContext, events: DeadlineEvents) {
  function cancel(execution: Execution) {
    for (const cancelTimer of execution.cancelTimers.splice(0)) cancelTimer();
  }

  /** Lets a command's time run, from its start, or from its sending where it has not started. */
  function start(execution: Execution) {
    // One that was told to stop is waited for already; one that waits for an answer has time.
    if (execution.stopping || execution.waitingSince !== null) return;
    cancel(execution);
    const since = execution.startedAt ?? clock.now();
    const end = since + execution.timeoutMs + execution.waitedMs;
    const left = Math.max(0, end - clock.now());
    execution.cancelTimers.push(clock.after(left, () => stop(execution, 'timeout')));
  }

  /** Tells a sent or running command to stop. Its end comes from the agent, or from here where the agent is away. */
  function stop(execution: Execution, reason: 'user' | 'timeout') {
    if (execution.ending) return;
    const repeated = execution.stopping !== null;
    execution.stopping ??= reason;
    events.stopping(execution);
    const giveUp = () => events.end(execution, { ...stopped(execution), outputFollows: true });
    const link = state.agents.get(execution.agentId)?.link;
    if (!link) return giveUp();
    tellAgent(link, { type: 'command:interrupt', commandId: execution.id, reason });
    if (!repeated) execution.cancelTimers.push(clock.after(GIVE_UP_MS, giveUp));
  }

  return {
    start,
    stop,
    cancel,
    /** Tells an agent that came back with a command what it may have missed. */
    remind(execution: Execution) {
      if (execution.stopping && execution.delivery === 'sent') stop(execution, execution.stopping);
    },
    /** The command waits for an answer: its time stands still. */
    hold(execution: Execution) {
      if (execution.stopping || execution.waitingSince !== null) return;
      cancel(execution);
      execution.waitingSince = clock.now();
    },
    /** The command waits no longer: its time goes on. */
    release(execution: Execution) {
      if (execution.waitingSince === null) return;
      execution.waitedMs += clock.now() - execution.waitingSince;
      execution.waitingSince = null;
      start(execution);
    },
  };
}
