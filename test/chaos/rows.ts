// What the database of a round contains at its end, as far as the checks need it.
import { SQL } from 'bun';
import { Database } from 'bun:sqlite';
import type { CommandStatus, Priority, StopReason } from '../../src/protocol/command-status.ts';

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
  /** Whether output may still arrive. */
  isOutputOpen: boolean;
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

/** What the database contains at the end of a round. */
export interface Rows {
  commands: CommandRow[];
  approvals: ApprovalRow[];
}

/** Both databases return names as they are written here. */
const COMMANDS = `
  SELECT id, agent_id AS "agentId", command, priority, status, request_id AS "requestId",
    requested_at AS "requestedAt", started_at AS "startedAt", completed_at AS "completedAt", exit_code AS "exitCode",
    timeout_ms AS "timeoutMs", error, stop_reason AS "stopReason", disconnected_at AS "disconnectedAt",
    is_output_open AS "isOutputOpen", last_sequence AS "lastSequence", total_bytes AS "totalBytes"
  FROM commands ORDER BY id`;
const APPROVALS = `
  SELECT approval_id AS "approvalId", command_id AS "commandId", title, requested_at AS "requestedAt", outcome,
    option_id AS "optionId", resolved_at AS "resolvedAt", applied_at AS "appliedAt"
  FROM approvals`;

type Row = Record<string, unknown>;

/** Reads the SQLite database of a hub that has ended. */
export function readSqliteRows(file: string): Rows {
  const database = new Database(file, { readonly: true });
  const commands = database.query<Row, []>(COMMANDS).all();
  const approvals = database.query<Row, []>(APPROVALS).all();
  database.close();
  return toRows(commands, approvals);
}

/** Reads the PostgreSQL database of hubs that have ended. */
export async function readPostgresRows(url: string): Promise<Rows> {
  const database = new SQL(url, { max: 1 });
  try {
    const commands = await database.unsafe<Row[]>(COMMANDS);
    return toRows(commands, await database.unsafe<Row[]>(APPROVALS));
  } finally {
    await database.close();
  }
}

function toError(json: unknown): CommandRow['error'] {
  return typeof json === 'string' ? (JSON.parse(json) as CommandRow['error']) : null;
}

/** PostgreSQL returns large numbers as texts, SQLite returns booleans as numbers. */
function toRows(commands: readonly Row[], approvals: readonly Row[]): Rows {
  const number = (value: unknown) => (value === null ? null : Number(value));
  return {
    commands: commands.map((row) => ({
      ...(row as unknown as CommandRow),
      requestedAt: Number(row['requestedAt']),
      startedAt: number(row['startedAt']),
      completedAt: number(row['completedAt']),
      exitCode: number(row['exitCode']),
      timeoutMs: Number(row['timeoutMs']),
      disconnectedAt: number(row['disconnectedAt']),
      isOutputOpen: Boolean(row['isOutputOpen']),
      lastSequence: number(row['lastSequence']),
      totalBytes: number(row['totalBytes']),
      error: toError(row['error']),
    })),
    approvals: approvals.map((row) => ({
      ...(row as unknown as ApprovalRow),
      requestedAt: Number(row['requestedAt']),
      resolvedAt: number(row['resolvedAt']),
      appliedAt: number(row['appliedAt']),
    })),
  };
}
