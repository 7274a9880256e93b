// An agent is back: what became of the command the hub had given it, and of the ones it still holds
// (protocol.md, "Reconnect"). Never run twice, never lost in silence.
import type { AgentConnect } from '../../protocol/agent-to-hub.ts';
import type { AgentConnection } from '../state/agent.ts';
import type { Dispatcher } from '../commands/dispatcher.ts';
import type { Endings } from '../commands/completion.ts';
import type { Terminals } from '../terminals/terminals.ts';

export interface ReconcileParts {
  dispatcher: Dispatcher;
  endings: Endings;
  terminals: Terminals;
}

/** What the agent is told: where to go on, and what to end. */
export interface Verdict {
  resume: { commandId: string; nextSequence: number }[];
  stop: string[];
}

/** Compares what an agent holds with what the hub gave it. */
export function reconcile(
  agent: AgentConnection,
  { held = [], journalId }: AgentConnect,
  { dispatcher, endings, terminals }: ReconcileParts,
): Verdict {
  const verdict: Verdict = { resume: [], stop: [] };
  const { current } = agent;
  const wereStopping = agent.stopping;
  agent.stopping = new Set();

  for (const { commandId, attempt, finished } of held) {
    const buffer = terminals.get(commandId);
    const ours = current?.id === commandId && current.attempt === attempt && !current.ending;
    const isStreaming = buffer && !buffer.isComplete && (ours || current?.id !== commandId);
    // Also of one that is to stop: its output still comes, and what the agent dropped is measured from here.
    if (isStreaming) verdict.resume.push({ commandId, nextSequence: buffer.agentNextSequence });
    if (ours && buffer) {
      if (current.status === 'queued') dispatcher.started(current);
      continue;
    }
    verdict.stop.push(commandId);
    // One that was ended from here is waited for even where it is over: it may hold output.
    if (!finished || wereStopping.has(commandId)) agent.stopping.add(commandId);
  }
  for (const commandId of wereStopping) {
    if (!agent.stopping.has(commandId)) endings.completeLate(commandId);
  }

  const isHeld = held.some(({ commandId }) => commandId === current?.id);
  if (!current || isHeld || current.delivery !== 'sent') return verdict;
  const neverStarted = current.status === 'queued' && current.journalId !== null;
  if (neverStarted && current.journalId === journalId) {
    dispatcher.takeBack(agent, current);
    endings.persist(current, { sent: false }).catch(() => undefined);
    return verdict;
  }
  dispatcher.endSoon(current, {
    event: 'failed',
    error: {
      code: 'agent_lost',
      message: `${agent.agentId} came back and knows nothing of it: look what it did there before you send it again.`,
    },
  });
  return verdict;
}
