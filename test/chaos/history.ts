// The evidence of a round: what clients received, what SQLite contains and what the commands wrote. The checks use
// nothing else.
import { Database } from 'bun:sqlite';
import type { CommandStatus, Priority, StopReason } from '../../src/protocol/command-status.ts';
import type { ChaosAgent } from './agent/agent.ts';
import type { InboxMessage } from './agent/inbox.ts';
import type { DashboardRecord } from './dashboard/record.ts';
import type { Plan } from './plan.ts';
import type { Mark, ShellLibrary } from './agent/shell-library.ts';
import type { System } from './system.ts';
import { type CommandSpec, formatCommand } from './workload.ts';

/** A row of the table `commands`. */
export interface CommandRow {
  id: string;
  agentId: string;
  command: string;
  priority: Priority;
  status: CommandStatus;
  requestId: string | null;
  requestedAt: number;
  startedAt: number | null;
  completedAt: number | null;
  exitCode: number | null;
  timeoutMs: number;
  error: { code: string } | null;
  stopReason: StopReason | null;
  disconnectedAt: number | null;
  /** 1 if output may still arrive. */
  isOutputOpen: number;
  lastSequence: number | null;
  totalBytes: number | null;
}

/** A row of the table `approvals`. */
export interface ApprovalRow {
  approvalId: string;
  commandId: string;
  title: string;
  requestedAt: number;
  outcome: 'selected' | 'cancelled' | null;
  optionId: string | null;
  resolvedAt: number | null;
  appliedAt: number | null;
}

/** What SQLite contains at the end of a round. */
export interface Rows {
  commands: CommandRow[];
  approvals: ApprovalRow[];
}

/** A command as planned and as stored. */
export interface PlannedCommand {
  spec: CommandSpec;
  row: CommandRow;
}

export interface History {
  plan: Plan;
  /** What the dashboards received. */
  records: DashboardRecord[];
  /** What the observer received. */
  observer: DashboardRecord;
  rows: CommandRow[];
  approvals: ApprovalRow[];
  /** The rows that belong to a command of the plan, by command ID. */
  planned: Map<string, PlannedCommand>;
  starts: Mark[];
  ends: Mark[];
  asked: Mark[];
  answered: Mark[];
  readWritten: ShellLibrary['readWritten'];
  /** The IDs of commands for which an interrupt was sent. */
  interrupted: ReadonlySet<string>;
  /** By agent ID. */
  agentFaults: Map<string, ChaosAgent['faults']>;
  /** By agent: what the hub has sent to it. */
  inboxes: InboxMessage[][];
  /** Returns when an epoch started, by the hub's clock. */
  epochStart(hubEpoch: string): number;
  /** Whether the clock jumped forward, so that timeouts and grace periods may have ended early. */
  hasClockJump: boolean;
  hasClockSetBack: boolean;
}

const COLUMNS = `
  id, agent_id AS agentId, command, priority, status, request_id AS requestId, requested_at AS requestedAt,
  started_at AS startedAt, completed_at AS completedAt, exit_code AS exitCode, timeout_ms AS timeoutMs, error,
  stop_reason AS stopReason, disconnected_at AS disconnectedAt, is_output_open AS isOutputOpen,
  last_sequence AS lastSequence, total_bytes AS totalBytes`;
const APPROVAL_COLUMNS = `
  approval_id AS approvalId, command_id AS commandId, title, requested_at AS requestedAt, outcome,
  option_id AS optionId, resolved_at AS resolvedAt, applied_at AS appliedAt`;

/** Reads the database of a hub that has ended. */
export function readRows(file: string): Rows {
  const database = new Database(file, { readonly: true });
  const rows = database
    .query<Omit<CommandRow, 'error'> & { error: string | null }, []>(
      `SELECT ${COLUMNS} FROM commands ORDER BY id`,
    )
    .all();
  const approvals = database
    .query<ApprovalRow, []>(`SELECT ${APPROVAL_COLUMNS} FROM approvals`)
    .all();
  database.close();
  const commands = rows.map((row) => ({
    ...row,
    error: row.error === null ? null : (JSON.parse(row.error) as CommandRow['error']),
  }));
  return { commands, approvals };
}

export function createHistory(
  { plan, hub, library, agents, inboxes, dashboards, observer }: System,
  { commands: rows, approvals }: Rows,
  interrupted: ReadonlySet<string>,
): History {
  const jumps = plan.faults.flatMap(({ kind, amount }) => (kind === 'clock-jump' ? [amount] : []));
  const specs = new Map(plan.commands.map((spec) => [formatCommand(spec), spec]));
  const planned = new Map<string, PlannedCommand>();
  for (const row of rows) {
    const spec = specs.get(row.command);
    if (spec) planned.set(row.id, { spec, row });
  }
  return {
    plan,
    records: dashboards.map(({ record }) => record),
    observer: observer.record,
    rows,
    approvals,
    planned,
    starts: library.readStarts(),
    ends: library.readEnds(),
    asked: library.readAsked(),
    answered: library.readAnswered(),
    readWritten: library.readWritten,
    interrupted,
    agentFaults: new Map(agents.map(({ agentId, faults }) => [agentId, faults])),
    inboxes: inboxes.map(({ messages }) => messages),
    epochStart: hub.epochStart,
    hasClockJump: jumps.some((ms) => ms > 0),
    hasClockSetBack: jumps.some((ms) => ms < 0),
  };
}

/** Whether a command ended because its process exited, not because of an interrupt or an error. */
export function endedByItself({ status, error }: CommandRow): boolean {
  return status === 'completed' || (status === 'failed' && error === null);
}

/** Returns the planned commands by their names. */
export function groupByName({ planned }: History): Map<string, PlannedCommand> {
  return new Map([...planned.values()].map((command) => [command.spec.name, command]));
}

/** Returns the starts on each agent, in order of time. */
export function startsByAgent(history: History): [string, (PlannedCommand & { at: number })[]][] {
  const byName = groupByName(history);
  const starts = history.starts.flatMap(({ name, at }) => {
    const command = byName.get(name);
    return command ? [{ ...command, at }] : [];
  });
  return [...Map.groupBy(starts, ({ row }) => row.agentId)].map(([agentId, marks]) => [
    agentId,
    marks.toSorted((a, b) => a.at - b.at),
  ]);
}
