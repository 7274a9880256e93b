// Handing a command over to its agent: committed first, sent after, and taken back where it was never sent or begun.
import { whyNotRunnable } from '../../protocol/capabilities.ts';
import type { AgentConnection } from '../state/agent.ts';
import type { AgentPresence } from '../presence.ts';
import { requeue } from './queue.ts';
import type { Deadlines } from './timeouts.ts';
import type { Endings } from './completion.ts';
import type { Execution } from '../state/execution.ts';
import { tellAgent } from '../link.ts';
import { type Ending, stopped } from './outcome.ts';
import type { HubContext } from '../state/server-state.ts';

/** How long to wait before a command that could not be handed over is tried again. */
const RETRY_MS = 1_000;

export interface HandoverParts {
  deadlines: Deadlines;
  endings: Endings;
  presence: AgentPresence;
  queueOf(agentId: string): Execution[];
  end(execution: Execution, ending: Ending): Promise<void>;
  /** The same in the background. */
  endSoon(execution: Execution, ending: Ending): void;
}

export function createHandover(context: HubContext, parts: HandoverParts) {
  const { store, clock, log, storage } = context;
  const { deadlines, endings, presence, queueOf, end, endSoon } = parts;

  /** Gives an agent that is free its next command. */
  function pump(agent: AgentConnection) {
    if (!agent.link || agent.current || agent.stopping.size > 0) return;
    const next = queueOf(agent.agentId).shift();
    if (!next) return;
    agent.current = next;
    agent.lastOutputAt = null;
    const refusal = whyNotRunnable(next.command, agent.capabilities);
    if (refusal !== null) {
      endSoon(next, { event: 'failed', error: { code: 'invalid_command', message: refusal } });
      return;
    }
    presence.settle(agent);
    hand(agent, next).catch((error: unknown) => {
      log.error('A command could not be handed out.', { commandId: next.id, error });
    });
  }

  /** Commits the attempt, and only then sends it; where the socket is no longer the same, it was never sent. */
  async function hand(agent: AgentConnection, execution: Execution) {
    const { link } = agent;
    const attempt = {
      attempt: execution.attempt + 1,
      sent: true,
      journalId: agent.journalId,
    };
    execution.delivery = 'sending';
    try {
      await endings.persisted(execution);
      await store.commands.update(execution.id, attempt);
    } catch (error) {
      storage.failed(error);
      takeBack(agent, execution);
      clock.after(RETRY_MS, () => pump(agent));
      return;
    }
    Object.assign(execution, attempt);
    if (execution.ending) return;
    if (execution.stopping) return end(execution, { event: 'interrupted' });
    if (!link || agent.link !== link) {
      takeBack(agent, execution);
      await endings.persist(execution, { sent: false });
      pump(agent);
      return;
    }
    execution.delivery = 'sent';
    deadlines.start(execution);
    tellAgent(link, {
      type: 'command:execute',
      commandId: execution.id,
      attempt: execution.attempt,
      command: execution.command,
      session: execution.session,
      timeoutMs: execution.timeoutMs,
    });
  }

  /** Puts a command that never started back at the head of the queue; one that was told to stop ends instead. */
  function takeBack(agent: AgentConnection, execution: Execution) {
    if (execution.stopping) return endSoon(execution, stopped(execution));
    execution.delivery = 'waiting';
    execution.sent = false;
    deadlines.cancel(execution);
    agent.current = null;
    requeue(queueOf(agent.agentId), execution);
    presence.settle(agent);
  }

  return { pump, takeBack };
}
