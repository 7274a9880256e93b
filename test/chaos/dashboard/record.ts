// Everything that one dashboard has received in a round, in order.
import type { AgentStatus } from '../../../src/protocol/agent-status.ts';
import { type CommandStatus, hasEnded } from '../../../src/protocol/command-status.ts';
import type { ErrorCode } from '../../../src/protocol/errors.ts';
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

/** An error about a command. */
export interface CommandError {
  commandId: string;
  code: ErrorCode;
  /** When it arrived, by the system clock. */
  at: number;
}

export interface AcceptedCommand {
  requestId: string;
  commandId: string;
  /** When it arrived, by the system clock. */
  at: number;
}

/** A terminal as far as its output belongs together: it continues on another hub, and ends when it is reset. */
export interface RecordedTerminal {
  commandId: string;
  view: TerminalView;
  /** The hub epochs in which it received output. */
  hubEpochs: string[];
}

export type DashboardRecord = ReturnType<typeof createDashboardRecord>;

export function createDashboardRecord(name: string) {
  const terminals: RecordedTerminal[] = [];
  /** Those that continue, by commandId. */
  const current = new Map<string, RecordedTerminal>();
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
    errors: [] as CommandError[],
    /** Violations that the dashboard itself has detected. */
    violations: [] as string[],
    /** In the order in which they began. */
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
    /** Returns the terminal of a command that continues. */
    findTerminal: (commandId: string): TerminalView | undefined => current.get(commandId)?.view,
    /** The same. Begins one if there is none. */
    getTerminal(hubEpoch: string, commandId: string): TerminalView {
      const known = current.get(commandId);
      if (known) {
        if (!known.hubEpochs.includes(hubEpoch)) known.hubEpochs.push(hubEpoch);
        return known.view;
      }
      const terminal = { commandId, view: createTerminalView(commandId), hubEpochs: [hubEpoch] };
      terminals.push(terminal);
      current.set(commandId, terminal);
      return terminal.view;
    },
    /** Begins a terminal again, because what it has received is void. */
    endTerminal: (commandId: string) => void current.delete(commandId),
    /** Begins all terminals again, except those that the hub keeps. */
    endTerminals(isKept: (commandId: string) => boolean) {
      for (const commandId of current.keys()) if (!isKept(commandId)) current.delete(commandId);
    },
  };
}
