// The hub's state in memory (docs/data-model.md, "Server state").
import type { AgentConnection } from './agent.ts';
import type { DashboardConnection } from './dashboard.ts';
import type { Execution } from './execution.ts';
import type { TerminalBuffer } from './terminal-buffer.ts';

export interface ServerState {
  /** By connection ID, including those that are RECONNECTING. */
  dashboards: Map<string, DashboardConnection>;
  /** By agentId: every registered agent, connected or not. */
  agents: Map<string, AgentConnection>;
  /** By commandId: commands that are being accepted, queued or running. */
  executions: Map<string, Execution>;
  /** Queued commands by agentId, in order. */
  commandQueue: Map<string, Execution[]>;
  /** By commandId. */
  terminalBuffers: Map<string, TerminalBuffer>;
}

export function createServerState(): ServerState {
  return {
    dashboards: new Map(),
    agents: new Map(),
    executions: new Map(),
    commandQueue: new Map(),
    terminalBuffers: new Map(),
  };
}

/** The queue of an agent, created if it does not exist. */
export function queueOf({ commandQueue }: ServerState, agentId: string): Execution[] {
  const queue = commandQueue.get(agentId) ?? [];
  commandQueue.set(agentId, queue);
  return queue;
}

/** A queued or running command. A command that is still being committed is not visible yet. */
export function findExecution({ executions }: ServerState, id: string): Execution | undefined {
  const execution = executions.get(id);
  return execution?.delivery === 'accepting' ? undefined : execution;
}

/** All queued and running commands. */
export function listExecutions({ executions }: ServerState): Execution[] {
  return [...executions.values()].filter(({ delivery }) => delivery !== 'accepting');
}
