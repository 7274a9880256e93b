// What an earlier run of the hub left: agents, queued commands in their order, commands in an agent's hands.
import { REQUEST_ID_MS } from '../protocol/limits.ts';
import type { Admission } from './commands/admission.ts';
import { createAgentConnection } from './state/agent.ts';
import type { Agents } from './agents/agents.ts';
import type { Approvals } from './approvals.ts';
import type { Dispatcher } from './commands/dispatcher.ts';
import { revive } from './state/execution.ts';
import { removed } from './commands/outcome.ts';
import type { HubContext } from './state/server-state.ts';
import type { Terminals } from './terminals/terminals.ts';

export interface RestoreParts {
  approvals: Approvals;
  admission: Admission;
  dispatcher: Dispatcher;
  terminals: Terminals;
  agents: Agents;
}

/**
 * Brings the server state back from the store. Queued commands wait again; those an agent has wait for it,
 * as long as the grace allows; the output of ended ones is let go.
 */
export async function restore({ state, store, clock }: HubContext, parts: RestoreParts) {
  const { admission, approvals, dispatcher, terminals, agents } = parts;
  for (const agent of await store.agents.all()) {
    state.agents.set(agent.agentId, createAgentConnection(agent));
  }
  for (const command of await store.commands.requestedSince(clock.now() - REQUEST_ID_MS)) {
    if (command.requestId) {
      admission.remember(command.requestedBy, command.requestId, command);
    }
  }
  const unfinished = await store.commands.unfinished();
  await store.output.freeAllBut(unfinished.map(({ id }) => id));
  for (const stored of unfinished) {
    const chunks = await store.output.of(stored.id);
    terminals.open(stored.id, chunks, stored.agentNextSequence);
    const command = revive(stored);
    command.waitedMs = await approvals.waited(stored.id);
    dispatcher.restore(command);
    if (!state.agents.has(stored.agentId)) {
      dispatcher.endSoon(command, removed(command));
      continue;
    }
    if (command.delivery === 'sent') dispatcher.deadlines.start(command);
  }
  await approvals.restore((commandId) => dispatcher.find(commandId) !== undefined);
  for (const agent of state.agents.values()) {
    if (!agent.current) continue;
    agent.awaySince = clock.now();
    agents.awaitReturn(agent);
  }
}
