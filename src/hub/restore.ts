// Restores the state of an earlier run from the store: agents, queued commands in order, commands assigned to agents.
import { REQUEST_ID_TTL_MS } from '../protocol/limits.ts';
import type { Agents } from './agents/agents.ts';
import type { Approvals } from './approvals.ts';
import type { Admission } from './commands/admission.ts';
import type { Dispatcher } from './commands/dispatcher.ts';
import { removedOutcome } from './commands/outcome.ts';
import type { HubContext } from './context.ts';
import { createAgentConnection, disconnect } from './state/agent.ts';
import { createExecution } from './state/execution.ts';
import type { Terminals } from './terminals/terminals.ts';

export interface RestoreParts {
  admission: Admission;
  agents: Agents;
  approvals: Approvals;
  dispatcher: Dispatcher;
  terminals: Terminals;
}

/**
 * Restores the server state. Queued commands wait again; commands assigned to an agent wait for it during the grace
 * period. The output of ended commands is deleted.
 */
export async function restore({ state, store, clock }: HubContext, parts: RestoreParts) {
  const { admission, agents, approvals, dispatcher, terminals } = parts;
  for (const agent of await store.agents.list()) {
    state.agents.set(agent.agentId, createAgentConnection(agent));
  }
  for (const command of await store.commands.listRequestedSince(clock.now() - REQUEST_ID_TTL_MS)) {
    if (command.requestId) {
      admission.restoreRequest(command.requestedBy, command.requestId, command);
    }
  }
  const unfinished = await store.commands.listUnfinished();
  await store.output.removeExcept(unfinished.map(({ id }) => id));
  for (const command of unfinished) {
    const chunks = await store.output.list(command.id);
    terminals.open(command, chunks, command.agentNextSequence);
    const waitedMs = await approvals.waitedMs(command.id);
    const delivery = command.sent ? 'sent' : 'waiting';
    const execution = createExecution(clock, command, delivery, waitedMs);
    dispatcher.restore(execution);
    if (!state.agents.has(command.agentId)) {
      dispatcher.endInBackground(execution, removedOutcome(execution));
    }
  }
  await approvals.restore();
  for (const agent of state.agents.values()) {
    if (!agent.current) continue;
    disconnect(agent, clock.now());
    agents.startGrace(agent);
  }
}
