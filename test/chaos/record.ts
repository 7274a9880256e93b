// What one dashboard has seen in a round, in order: the checker's evidence.
import type { AgentStatus } from '../../src/protocol/agent-status.ts';
import type { CommandStatus } from '../../src/protocol/command-status.ts';
import { createTerminalView, type TerminalView } from './terminal-view.ts';

export interface StatusSeen {
  /** Which of the dashboard's connections brought it, from 1. */
  connection: number;
  commandId: string;
  status: CommandStatus;
  exitCode: number | null;
  error: string | null;
}

export interface AgentSeen {
  connection: number;
  agentId: string;
  status: AgentStatus;
}

export interface Welcome {
  connection: number;
  hubEpoch: string;
  resumed: boolean;
  /** By the hub's clock. */
  at: number;
}

export interface Accepted {
  requestId: string;
  commandId: string;
  /** By the wall clock. */
  at: number;
}

export type DashboardRecord = ReturnType<typeof createDashboardRecord>;

export function createDashboardRecord(name: string) {
  const terminals = new Map<string, Map<string, TerminalView>>();
  const statuses: StatusSeen[] = [];
  const last = new Map<string, StatusSeen>();

  return {
    name,
    statuses,
    agents: [] as AgentSeen[],
    welcomes: [] as Welcome[],
    accepted: [] as Accepted[],
    /** What should not have come at all. */
    flaws: [] as string[],
    /** By epoch, then by command. */
    terminals,
    /** The last status of each command. */
    last,
    status(seen: StatusSeen) {
      statuses.push(seen);
      last.set(seen.commandId, seen);
    },
    /** The terminal of a command in an epoch. */
    terminal(hubEpoch: string, commandId: string): TerminalView {
      const ofEpoch = terminals.get(hubEpoch) ?? new Map<string, TerminalView>();
      terminals.set(hubEpoch, ofEpoch);
      const view = ofEpoch.get(commandId) ?? createTerminalView(commandId);
      ofEpoch.set(commandId, view);
      return view;
    },
  };
}
