// Everything the hub knows, in memory (data-model.md, "Server State").
import type { Clock } from '../../protocol/clock.ts';
import type { Store } from '../../store/store.ts';
import type { AgentConnection } from './agent.ts';
import type { DashboardConnection } from './dashboard.ts';
import type { Execution } from './execution.ts';
import type { Log } from '../log.ts';
import type { Storage } from '../store-health.ts';
import type { TerminalBuffer } from './terminal-buffer.ts';

export interface ServerState {
  /** By connection id; RECONNECTING ones included. */
  dashboards: Map<string, DashboardConnection>;
  /** By agentId: every agent that may connect, connected or not. */
  agents: Map<string, AgentConnection>;
  /** Per agent: what waits, in order. */
  commandQueue: Map<string, Execution[]>;
  /** By commandId. */
  terminalBuffers: Map<string, TerminalBuffer>;
}

export function createServerState(): ServerState {
  return {
    dashboards: new Map(),
    agents: new Map(),
    commandQueue: new Map(),
    terminalBuffers: new Map(),
  };
}

/** What may be set when a hub is made; sizes in bytes, times in milliseconds. */
export interface HubSettings {
  maxDashboards: number;
  maxAgents: number;
  commandTimeoutMs: number;
  maxCommandTimeoutMs: number;
  agentGraceMs: number;
  /** A running command silent for so long is suspected stuck. */
  stuckAfterMs: number;
  bufferMemoryBytes: number;
}

/** What every part of the hub is given. */
export interface HubContext {
  state: ServerState;
  store: Store;
  clock: Clock;
  log: Log;
  settings: HubSettings;
  /** Hears of every write that fails. */
  storage: Storage;
  /** Names the pages this hub serves. */
  build: string;
  /** New at every start: sequences compare only within one. */
  epoch: string;
}
