// Everything that one dashboard has received in a round, in order.
import type { AgentStatus } from '../../../src/protocol/agent-status.ts';
import { type CommandStatus, hasEnded } from '../../../src/protocol/command-status.ts';
import { createTerminalView, type TerminalView } from './terminal-view.ts';

export interface CommandUpdate {
  /** The number of the connection on which it arrived, from 1. */
  connection: number;
  commandId: string;
  status: CommandStatus;
  exitCode: number | null;
  /** The code of the error. */
  error: string | null;
}

export interface AgentUpdate {
  connection: number;
  agentId: string;
  status: AgentStatus;
}

/** A message about an approval request. */
export interface ApprovalUpdate {
  connection: number;
  approvalId: string;
  kind: 'request' | 'resolved' | 'applied';
  outcome: 'selected' | 'cancelled' | null;
  optionId: string | null;
}

export interface Welcome {
  connection: number;
  hubEpoch: string;
  resumed: boolean;
  /** When it arrived, by the hub's clock. */
  at: number;
}

export interface AcceptedCommand {
  requestId: string;
  commandId: string;
  /** When it arrived, by the system clock. */
  at: number;
}

export type DashboardRecord = ReturnType<typeof createDashboardRecord>;

export function createDashboardRecord(name: string) {
  const terminals = new Map<string, Map<string, TerminalView>>();
  const commandUpdates: CommandUpdate[] = [];
  const latestUpdates = new Map<string, CommandUpdate>();
  /** The commands that have not ended, as far as the dashboard knows. */
  const live = new Set<string>();

  return {
    name,
    commandUpdates,
    /** The latest update of each command. */
    latestUpdates,
    agentUpdates: [] as AgentUpdate[],
    approvalUpdates: [] as ApprovalUpdate[],
    welcomes: [] as Welcome[],
    accepted: [] as AcceptedCommand[],
    /** Violations that the dashboard itself has detected. */
    violations: [] as string[],
    /** By hub epoch, then by command ID. */
    terminals,
    addCommandUpdate(update: CommandUpdate) {
      commandUpdates.push(update);
      latestUpdates.set(update.commandId, update);
      if (hasEnded(update.status)) live.delete(update.commandId);
      else live.add(update.commandId);
    },
    /** Discards the current state: a welcome is followed by the new one. */
    clearState() {
      live.clear();
    },
    isLive: (commandId: string) => live.has(commandId),
    liveCommands: () => [...live],
    /** Whether a command has this status or has ended. */
    hasReached(commandId: string, status: CommandStatus): boolean {
      const latest = latestUpdates.get(commandId)?.status;
      return latest === status || (latest !== undefined && hasEnded(latest));
    },
    /** Returns the terminal of a command in an epoch. */
    getTerminal(hubEpoch: string, commandId: string): TerminalView {
      const views = terminals.get(hubEpoch) ?? new Map<string, TerminalView>();
      terminals.set(hubEpoch, views);
      const view = views.get(commandId) ?? createTerminalView(commandId);
      views.set(commandId, view);
      return view;
    },
  };
}
