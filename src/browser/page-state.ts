// The page's state, and the reducer that applies the hub's messages to it.
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { AgentStatus } from '../protocol/agent-status.ts';
import type { CommandExecution } from '../protocol/entities.ts';
import type {
  ApprovalRequest,
  CommandStatusUpdate,
  HubToDashboard,
} from '../protocol/hub-to-dashboard.ts';
import { BUFFER_BYTES } from '../protocol/limits.ts';
import { describeDisconnect, type DisconnectReason, isRejection } from './disconnect-reason.ts';

/** The client state of docs/data-model.md, "Client state". */
export interface WebSocketState {
  connectionStatus: 'connecting' | 'connected' | 'disconnected' | 'error';
  agents: Map<string, AgentStatus>;
  /** The command shown in the page's first terminal. */
  activeCommand: CommandExecution | null;
  /** Output of the active command, as received. Appended in place; the oldest chunks are dropped past 1 MB. */
  terminalOutput: string[];
  error: Error | null;
}

export interface PageState extends WebSocketState {
  /** Why the page is disconnected; null before the first attempt has failed. */
  disconnectReason: DisconnectReason | null;
  /** Total length of `terminalOutput`, in characters. */
  outputLength: number;
  /** Pending approval requests of all agents, by ID. */
  approvals: Map<string, ApprovalRequest>;
}

export type PageStore = StoreApi<PageState>;

/** Creates the store, in its initial state. */
export function createPageStore(): PageStore {
  return createStore<PageState>()(() => ({
    connectionStatus: 'connecting',
    disconnectReason: null,
    agents: new Map(),
    activeCommand: null,
    terminalOutput: [],
    outputLength: 0,
    approvals: new Map(),
    error: null,
  }));
}

/** Returns the fields that a message changes. */
export function applyMessage(state: PageState, message: HubToDashboard): Partial<PageState> {
  switch (message.type) {
    case 'dashboard:welcome':
      // The hub sends all pending approval requests after the welcome.
      return { connectionStatus: 'connected', error: null, approvals: new Map() };
    case 'agent:status':
      return { agents: new Map(state.agents).set(message.agentId, message.status) };
    case 'agent:removed': {
      const agents = new Map(state.agents);
      agents.delete(message.agentId);
      return { agents };
    }
    case 'command:status':
      return applyStatus(state, message);
    case 'terminal:output':
      return message.commandId === state.activeCommand?.id ? appendOutput(state, message.data) : {};
    case 'terminal:reset':
      return message.commandId === state.activeCommand?.id
        ? { terminalOutput: [], outputLength: 0 }
        : {};
    case 'approval:request':
      return { approvals: new Map(state.approvals).set(message.approvalId, message) };
    case 'approval:resolved': {
      const approvals = new Map(state.approvals);
      approvals.delete(message.approvalId);
      return { approvals };
    }
    case 'error':
      return { error: new Error(message.message) };
    case 'agent:updated':
    case 'command:accepted':
    case 'command:report':
    case 'turn:updated':
    case 'approval:applied':
    case 'terminal:gap':
    case 'terminal:epoch':
    case 'terminal:complete':
    case 'terminal:size':
    case 'input:accepted':
    case 'hub:heartbeat':
      return {};
    default:
      message satisfies never;
      return {};
  }
}

/** Returns the fields that change when the connection is lost, rejected or closed. */
export function disconnected(reason: DisconnectReason): Partial<PageState> {
  return {
    disconnectReason: reason,
    connectionStatus: isRejection(reason) ? 'error' : 'disconnected',
    error: isRejection(reason) ? new Error(describeDisconnect(reason)) : null,
  };
}

/** Returns the fields that change when another command, or none, becomes the active one. */
export function selectCommand(command: CommandExecution | null): Partial<PageState> {
  return { activeCommand: command, terminalOutput: [], outputLength: 0 };
}

function applyStatus(state: PageState, message: CommandStatusUpdate): Partial<PageState> {
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

/** Appends in place, because copying the array for every chunk takes quadratic time. */
function appendOutput(state: PageState, data: string): Partial<PageState> {
  const { terminalOutput } = state;
  terminalOutput.push(data);
  let outputLength = state.outputLength + data.length;
  while (outputLength > BUFFER_BYTES) {
    outputLength -= terminalOutput.shift()?.length ?? outputLength;
  }
  return { outputLength };
}
