// The evidence of a round: what clients received, what the database contains and what the commands wrote. The checks use
// nothing else.
import type { ChaosAgent } from './agent/agent.ts';
import type { InboxMessage } from './agent/inbox.ts';
import type { DashboardRecord } from './dashboard/record.ts';
import type { Plan } from './plan.ts';
import type { ApprovalRow, CommandRow, Rows } from './rows.ts';
import type { Mark, ShellLibrary } from './agent/shell-library.ts';
import type { System } from './system.ts';
import { type CommandSpec, formatCommand } from './workload.ts';

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
  /** Whether the clocks of several hubs differ, so that times of different hubs cannot be compared. */
  hasClockSkew: boolean;
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
    hasClockSkew: plan.clockSkews.some((seconds) => seconds !== 0),
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
