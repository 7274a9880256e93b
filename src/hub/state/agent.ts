// A registered agent: the AgentConnection of docs/data-model.md and the state kept with it.
import type { AgentStatus, AgentType } from '../../protocol/agent-status.ts';
import type { AgentProcess, Pause } from '../../protocol/entities.ts';
import type { StoredAgent } from '../../store/store.ts';
import type { Link } from '../link.ts';
import type { PublishedState } from '../../store/cluster.ts';
import type { Execution } from './execution.ts';

/** The open connection of an agent. */
export interface LiveConnection {
  readonly link: Link;
  /** Its row in the connection log. */
  readonly connectionId: string;
  /** The token that opened it. */
  readonly tokenId: string;
  /** Identifies the agent process. */
  readonly instanceId: string;
  readonly journalId: string | null;
  /** The message types that it accepts beyond those of every version 1. */
  readonly accept: ReadonlySet<string>;
  /** When the last frame or pong arrived, on the monotonic clock. */
  lastHeardAt: number;
}

interface NoConnection {
  readonly link: null;
  /** When the agent went offline; null if it has never connected. */
  readonly since: number | null;
  /** Cancels the timer after which its command fails as `agent_lost`; null while it has no command. */
  cancelGrace: (() => void) | null;
}

export interface AgentConnection {
  readonly agentId: string;
  readonly agentType: AgentType;
  /** Tells it from an earlier agent with the same ID. */
  readonly createdAt: number;
  labels: readonly string[];
  connection: LiveConnection | NoConnection;
  /** What the hub that owns it has published; null if this hub owns it, or none does. */
  remote: PublishedState | null;
  connectionTime: number | null;
  lastHeartbeat: number | null;
  /** The status last sent to dashboards. */
  status: AgentStatus;
  capabilities: string[];
  /** What its slash commands do, by name. */
  descriptions: Record<string, string>;
  /** Why its capabilities are limited, and how to fix that; null if they are not. */
  notice: string | null;
  /** Set while it receives no queued commands. */
  paused: Pause | null;
  /** The command assigned to it, even while it is offline. */
  current: Execution | null;
  /**
   * Commands that ended on the hub and may still run on the agent. It receives no new command until they have finished.
   */
  stopping: Set<string>;
  /** Its latest report about its child process. */
  process: AgentProcess | null;
  /** When it last sent output. */
  lastOutputAt: number | null;
  /** The size that a dashboard last gave to a terminal of it, in characters; null if none has. */
  terminalSize: { cols: number; rows: number } | null;
}

/** Creates the state of an agent that is not connected. */
export function createAgentConnection(agent: StoredAgent): AgentConnection {
  return {
    agentId: agent.agentId,
    agentType: agent.agentType,
    createdAt: agent.createdAt,
    labels: agent.labels,
    connection: { link: null, since: agent.lastHeartbeat, cancelGrace: null },
    remote: null,
    connectionTime: agent.connectionTime,
    lastHeartbeat: agent.lastHeartbeat,
    status: 'offline',
    capabilities: agent.capabilities,
    descriptions: {},
    notice: null,
    paused: agent.paused,
    current: null,
    stopping: new Set(),
    process: null,
    lastOutputAt: null,
    terminalSize: null,
  };
}

/** Stands for an agent that was removed, of which only the ID is known, while its commands are ended. */
export const createRemovedAgent = (agentId: string): AgentConnection =>
  createAgentConnection({
    agentId,
    agentType: 'claude',
    labels: [],
    createdAt: 0,
    createdBy: '',
    connectionTime: null,
    lastHeartbeat: null,
    capabilities: [],
    paused: null,
  });

/** Whether an agent is connected, to this hub or another one. */
export const isConnected = ({ connection, remote }: AgentConnection): boolean =>
  connection.link !== null || (remote !== null && remote.summary.status !== 'offline');

/** Marks a connected agent as offline. */
export function disconnect(agent: AgentConnection, since: number): void {
  agent.connection = { link: null, since, cancelGrace: null };
}

/** Cancels the timer after which the command of an offline agent fails. */
export function cancelGrace({ connection }: AgentConnection): void {
  if (connection.link) return;
  connection.cancelGrace?.();
  connection.cancelGrace = null;
}

/** Whether an agent may send messages about a command: it runs the command, or still has to stop it. */
export function holdsCommand({ current, stopping }: AgentConnection, commandId: string): boolean {
  return current?.id === commandId || stopping.has(commandId);
}
