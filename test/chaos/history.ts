// What is left of a round: what clients saw, what SQLite holds, what the processes wrote. The checkers read nothing else.
import { Database } from 'bun:sqlite';
import type { CommandStatus, Priority } from '../../src/protocol/command-status.ts';
import type { ChaosAgent } from './agent.ts';
import type { CommandSpec } from './command.ts';
import { textOf } from './command.ts';
import type { Kit, Mark } from './kit.ts';
import type { Plan } from './plan.ts';
import type { DashboardRecord } from './record.ts';
import type { World } from './world.ts';

/** A row of the table of commands. */
export interface Row {
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
  error: { code: string } | null;
  lastSequence: number | null;
  totalBytes: number | null;
}

/** A command as it was meant, and as SQLite has it. */
export interface Known {
  spec: CommandSpec;
  row: Row;
}

export interface History {
  plan: Plan;
  records: DashboardRecord[];
  rows: Row[];
  /** By command id: every row that is a command of the plan. */
  known: Map<string, Known>;
  starts: Mark[];
  ends: Mark[];
  wrote: Kit['wrote'];
  /** Commands somebody asked to interrupt. */
  interrupted: ReadonlySet<string>;
  /** By agent: how often it was killed, restarted, or lost its journal. */
  harm: Map<string, ChaosAgent['harm']>;
  /** When the run of an epoch began, by the hub's clock. */
  beganAt(hubEpoch: string): number;
  /** Whether time passed all at once: time-outs and graces may have ended early. */
  jumped: boolean;
  /** Whether the hub's clock was set back. */
  wasSetBack: boolean;
}

const COLUMNS = `
  id, agent_id AS agentId, command, priority, status, request_id AS requestId, requested_at AS requestedAt,
  started_at AS startedAt, completed_at AS completedAt, exit_code AS exitCode, error,
  last_sequence AS lastSequence, total_bytes AS totalBytes`;

/** Reads the database of a hub that has ended. */
export function readRows(file: string): Row[] {
  const database = new Database(file, { readonly: true });
  const rows = database
    .query<Omit<Row, 'error'> & { error: string | null }, []>(
      `SELECT ${COLUMNS} FROM commands ORDER BY id`,
    )
    .all();
  database.close();
  return rows.map((row) => ({
    ...row,
    error: row.error === null ? null : (JSON.parse(row.error) as Row['error']),
  }));
}

export function createHistory(
  plan: Plan,
  { hub, kit, agents }: World,
  records: DashboardRecord[],
  rows: Row[],
  interrupted: ReadonlySet<string>,
): History {
  const jumps = plan.faults.flatMap(({ kind, amount }) => (kind === 'clock-jump' ? [amount] : []));
  const specs = new Map(plan.commands.map((spec) => [textOf(spec), spec]));
  const known = new Map<string, Known>();
  for (const row of rows) {
    const spec = specs.get(row.command);
    if (spec) known.set(row.id, { spec, row });
  }
  return {
    plan,
    records,
    rows,
    known,
    starts: kit.starts(),
    ends: kit.ends(),
    wrote: kit.wrote,
    interrupted,
    harm: new Map(agents.map(({ agentId, harm }) => [agentId, harm])),
    beganAt: hub.beganAt,
    jumped: jumps.some((ms) => ms > 0),
    wasSetBack: jumps.some((ms) => ms < 0),
  };
}
