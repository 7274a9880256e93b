// Checks commands against the database and the processes: none is lost and none runs twice.
import { hasEnded } from '../../../src/protocol/command-status.ts';
import { groupByName, type History, type PlannedCommand, startsByAgent } from '../history.ts';
import type { CommandRow } from '../rows.ts';

/** Returns the violations found. */
export function checkCommands(history: History): string[] {
  return [
    ...checkAccepted(history),
    ...checkStarts(history),
    ...[...history.planned.values()].flatMap(checkFields),
  ];
}

/** An accepted command is stored under its ID and has ended; every requested command is stored once. */
function checkAccepted({ plan, records, rows, planned }: History): string[] {
  const violations: string[] = [];
  const byId = new Map(rows.map((row) => [row.id, row]));
  const byRequest = Map.groupBy(rows, (row) => row.requestId);
  for (const { name, accepted } of records) {
    for (const { requestId, commandId } of accepted) {
      const row = byId.get(commandId);
      const acceptance = `${requestId} was accepted as ${commandId} (${name})`;
      if (!row) violations.push(`${acceptance}, but is not stored`);
      else if (row.requestId !== requestId) {
        violations.push(`${acceptance}, which is stored as ${row.requestId}`);
      }
    }
  }
  for (const { name } of plan.commands) {
    const count = byRequest.get(name)?.length ?? 0;
    if (count !== 1) violations.push(`${name} is stored ${count} times`);
  }
  for (const row of rows) {
    if (!planned.has(row.id)) violations.push(`${row.id} is stored, but was not requested`);
    if (!hasEnded(row.status)) {
      violations.push(`${row.requestId} ${row.id} is still ${row.status} at the end`);
    }
  }
  return violations;
}

/** No command starts twice, and no two commands run on the same agent at the same time. */
function checkStarts(history: History): string[] {
  const violations: string[] = [];
  const byName = groupByName(history);
  for (const [name, marks] of Map.groupBy(history.starts, (mark) => mark.name)) {
    if (marks.length > 1) violations.push(`${name} was started ${marks.length} times`);
    if (!byName.has(name)) violations.push(`${name} was started, but is not stored`);
  }
  const endOf = new Map(history.ends.map(({ name, at }) => [name, at]));
  for (const [agentId, starts] of startsByAgent(history)) {
    const journalLosses = history.agentFaults.get(agentId)?.journalLosses ?? 0;
    for (const [index, { spec, row }] of starts.entries()) {
      const next = starts[index + 1];
      const end = endOf.get(spec.name) ?? 0;
      if (next && end > next.at && !mayOutliveItsEnd(row, journalLosses)) {
        violations.push(
          `${next.spec.name} was started on ${agentId} before ${spec.name} had ended`,
        );
      }
    }
  }
  return violations;
}

/** A command of an agent that lost its journal keeps running, even if the hub has stopped it in the meantime. */
function mayOutliveItsEnd({ status, error }: CommandRow, journalLosses: number): boolean {
  if (error?.code === 'agent_lost') return true;
  const wasStopped =
    status === 'interrupted' || error?.code === 'timeout' || error?.code === 'not_started';
  return journalLosses > 0 && wasStopped;
}

/** Implements docs/data-model.md, "CommandExecution", validation rules. */
function checkFields({ spec: { name }, row }: PlannedCommand): string[] {
  const violations: string[] = [];
  const { requestedAt, startedAt, completedAt, status, exitCode, isOutputOpen } = row;
  if (startedAt !== null && startedAt < requestedAt) {
    violations.push(`${name} started before it was requested`);
  }
  if (completedAt === null) violations.push(`${name} has no completedAt`);
  if (completedAt !== null && completedAt < (startedAt ?? requestedAt)) {
    violations.push(
      `${name} completed at ${completedAt}, but started at ${startedAt} and was requested at ${requestedAt}`,
    );
  }
  if (exitCode !== null && status !== 'completed' && status !== 'failed') {
    violations.push(`${name} is ${status} with exit code ${exitCode}`);
  }
  if (isOutputOpen) violations.push(`${name} has ended, but its output is still open`);
  if (status === 'completed' && (exitCode !== 0 || startedAt === null || row.error)) {
    violations.push(`${name} is completed: ${JSON.stringify(row)}`);
  }
  return violations;
}
