// Restores the state from the store after a restart: agents, queued commands in order, commands assigned to agents.
import { BUFFER_BYTES, BUFFER_CHUNKS, REQUEST_ID_TTL_MS } from '../protocol/limits.ts';
import type { Agents } from './agents/agents.ts';
import type { Approvals } from './approvals.ts';
import type { Admission } from './commands/admission.ts';
import type { Completion } from './commands/completion.ts';
import { compareStored } from './commands/queue.ts';
import type { Dispatcher } from './commands/dispatcher.ts';
import type { StoredCommand } from '../store/store.ts';
import type { HubContext } from './context.ts';
import { createAgentConnection } from './state/agent.ts';
import { createExecution } from './state/execution.ts';
import type { Terminals } from './terminals/terminals.ts';
import type { Turns } from './turns.ts';

export interface RestoreParts {
  admission: Admission;
  agents: Agents;
  approvals: Approvals;
  completion: Completion;
  dispatcher: Dispatcher;
  terminals: Terminals;
  turns: Turns;
}

/**
 * Restores the server state. Queued commands stay queued. Commands assigned to an agent wait for it to reconnect within
 * the grace period. The hub still receives the remaining output of commands that have ended.
 */
export async function restore({ state, store, clock }: HubContext, parts: RestoreParts) {
  const { admission, agents, approvals, completion, dispatcher, terminals, turns } = parts;
  const [storedAgents, requested, unfinished, outputOpen] = await Promise.all([
    store.agents.list(),
    store.commands.listRequestedSince(clock.now() - REQUEST_ID_TTL_MS),
    store.commands.listUnfinished(),
    store.commands.listWithOpenOutput(),
  ]);
  for (const agent of storedAgents) state.agents.set(agent.agentId, createAgentConnection(agent));
  for (const command of requested) {
    if (command.requestId) {
      admission.restoreRequest(command.requestedBy, command.requestId, command);
    }
  }
  const open = [...unfinished, ...outputOpen].map(({ id }) => id);
  await store.output.completeExcept(open, clock.now());
  for (const command of unfinished.toSorted(compareStored)) {
    await openTerminal(command);
    if (command.sent) await turns.restore(command.id, command.agentId);
    const execution = createExecution(clock, command, command.sent ? 'sent' : 'waiting');
    await dispatcher.restore(execution);
  }
  for (const command of outputOpen) {
    await openTerminal(command);
    const agent = state.agents.get(command.agentId);
    if (agent) agent.stopping.add(command.id);
    else completion.completeLateOutput(command.id);
  }
  await approvals.cancelOrphaned();
  for (const agent of state.agents.values()) agents.expect(agent);

  async function openTerminal(command: StoredCommand) {
    const chunks = await store.output.listLatest(command.id, BUFFER_BYTES, BUFFER_CHUNKS);
    terminals.open(command, chunks, command.agentNextSequence);
  }
}
