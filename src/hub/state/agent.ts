// An agent the hub knows: the AgentConnection of data-model.md, and what the hub needs beside it.
import type { AgentStatus, AgentType } from '../../protocol/agent-status.ts';
import type { AgentProcess } from '../../protocol/entities.ts';
import type { StoredAgent } from '../../store/store.ts';
import type { Execution } from './execution.ts';
import type { Link } from '../link.ts';

export interface AgentConnection {
  readonly agentId: string;
  readonly agentType: AgentType;
  readonly tokenHash: string;
  connectionTime: number | null;
  lastHeartbeat: number | null;
  status: AgentStatus;
  capabilities: string[];
  /** What is missing there, and what mends it. */
  notice: string | null;
  /** Its live socket; null while it is away. */
  link: Link | null;
  /** The row of the connection log that its socket has. */
  connectionId: string | null;
  instanceId: string | null;
  journalId: string | null;
  /** The one command it was given, also while it is away. */
  current: Execution | null;
  /** Commands that have ended here and may still run there: until they end it is given nothing new. */
  stopping: Set<string>;
  /** Since when it is away. */
  awaySince: number | null;
  /** What it last said of its child process. */
  process: AgentProcess | null;
  /** When output of its command last arrived. */
  lastOutputAt: number | null;
  /** Cancels the wait for it to return to its command. */
  cancelGrace: (() => void) | null;
}

/** An agent that has not connected yet. */
export function createAgentConnection(agent: StoredAgent): AgentConnection {
  return {
    agentId: agent.agentId,
    agentType: agent.agentType,
    tokenHash: agent.tokenHash,
    connectionTime: null,
    lastHeartbeat: null,
    status: 'offline',
    capabilities: [],
    notice: null,
    link: null,
    connectionId: null,
    instanceId: null,
    journalId: null,
    current: null,
    stopping: new Set(),
    awaySince: null,
    process: null,
    lastOutputAt: null,
    cancelGrace: null,
  };
}
