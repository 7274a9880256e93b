// What this page knows of the hub: the WebSocketState of data-model.md, and the pure steps that change it.
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { AgentStatus } from '../protocol/agent-status.ts';
import type { CommandExecution } from '../protocol/entities.ts';
import type {
  ApprovalRequest,
  CommandStatusUpdate,
  HubToDashboard,
} from '../protocol/hub-to-dashboard.ts';
import { BUFFER_BYTES } from '../protocol/limits.ts';

export interface WebSocketState {
  connectionStatus: 'connecting' | 'connected' | 'disconnected' | 'error';
  agents: Map<string, AgentStatus>;
  /** The command whose terminal this page shows. */
  activeCommand: CommandExecution | null;
  /** Its output as it came, the oldest dropped past 1 MB, as the hub does. */
  terminalOutput: string[];
  /** The open questions of all agents. */
  approvals: Map<string, ApprovalRequest>;
  error: Error | null;
}

export type Store = StoreApi<WebSocketState>;

/** The state of a page that has just been opened. */
export function createState(): Store {
  return createStore<WebSocketState>()(() => ({
    connectionStatus: 'connecting',
    agents: new Map(),
    activeCommand: null,
    terminalOutput: [],
    approvals: new Map(),
    error: null,
  }));
}

/** What a message of the hub changes. */
export function afterMessage(
  state: WebSocketState,
  message: HubToDashboard,
): Partial<WebSocketState> {
  switch (message.type) {
    case 'dashboard:welcome':
      // The open questions follow.
      return { connectionStatus: 'connected', error: null, approvals: new Map() };
    case 'agent:status':
      return { agents: new Map(state.agents).set(message.agentId, message.status) };
    case 'command:status':
      return afterStatus(state, message);
    case 'terminal:output':
      if (message.commandId !== state.activeCommand?.id) return {};
      return { terminalOutput: bounded([...state.terminalOutput, message.data]) };
    case 'approval:request':
      return { approvals: new Map(state.approvals).set(message.approvalId, message) };
    case 'approval:resolved': {
      const approvals = new Map(state.approvals);
      approvals.delete(message.approvalId);
      return { approvals };
    }
    case 'error':
      return { error: new Error(message.message) };
    case 'command:accepted':
    case 'command:report':
    case 'approval:applied':
    case 'terminal:gap':
    case 'terminal:complete':
    case 'hub:heartbeat':
      return {};
    default:
      message satisfies never;
      return {};
  }
}

/** Shows another command, or none; its output begins anew. */
export function afterChoice(command: CommandExecution | null): Partial<WebSocketState> {
  return { activeCommand: command, terminalOutput: [] };
}

function afterStatus(state: WebSocketState, message: CommandStatusUpdate): Partial<WebSocketState> {
  const { activeCommand } = state;
  if (activeCommand?.id !== message.commandId) return {};
  return {
    activeCommand: {
      ...activeCommand,
      status: message.status,
      exitCode: message.exitCode ?? activeCommand.exitCode,
      error: message.error ?? activeCommand.error,
    },
  };
}

/** The newest pieces that fit. Characters stand in for bytes here: nothing is sent on. */
function bounded(pieces: string[]): string[] {
  let size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  let first = 0;
  while (size > BUFFER_BYTES) size -= pieces[first++]?.length ?? size;
  return first === 0 ? pieces : pieces.slice(first);
}
