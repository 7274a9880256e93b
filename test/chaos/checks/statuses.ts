// Checks the statuses that each dashboard received: they follow the state machines and end as stored.
import { agentTransitions } from '../../../src/protocol/agent-status.ts';
import { commandTransitions, hasEnded } from '../../../src/protocol/command-status.ts';
import type { CommandUpdate, DashboardRecord } from '../dashboard/record.ts';
import type { History } from '../history.ts';

export function checkStatuses(history: History): string[] {
  return [...history.records, history.observer].flatMap((record) =>
    [
      ...record.violations,
      ...checkTransitions(history, record),
      ...checkFinalStatuses(history, record),
      ...checkAgents(record),
    ].map((violation) => `${record.name}: ${violation}`),
  );
}

function checkTransitions(history: History, record: DashboardRecord): string[] {
  const violations: string[] = [];
  const byCommand = Map.groupBy(record.commandUpdates, (update) => update.commandId);
  for (const [commandId, updates] of byCommand) {
    for (const [index, update] of updates.entries()) {
      const previous = updates[index - 1];
      if (
        previous &&
        !mayFollow(previous, update) &&
        !isUndone(history, record, previous, update)
      ) {
        violations.push(`${commandId} went from ${format(previous)} to ${format(update)}`);
      }
    }
    const command = history.planned.get(commandId);
    const last = updates.at(-1);
    if (!command) violations.push(`${commandId} was ${last?.status}, but is not stored`);
    if (!command || !last || !hasEnded(last.status)) continue;
    const { status, exitCode, error } = command.row;
    const errorCode = error?.code ?? null;
    if (last.status !== status || last.exitCode !== exitCode || last.error !== errorCode) {
      const stored = [status, exitCode, errorCode].join(' ').trim();
      violations.push(`${command.spec.name} was ${format(last)}, but is stored as ${stored}`);
    }
  }
  return violations;
}

/** Every dashboard receives the end of every command, except those that `mustKnowEnd` excludes. */
function checkFinalStatuses(history: History, record: DashboardRecord): string[] {
  return [...history.planned.values()].flatMap(({ spec, row }) => {
    const last = record.latestUpdates.get(row.id);
    if (last && hasEnded(last.status)) return [];
    // With clocks that were set back or differ, times cannot be compared.
    const isComparable = !history.hasClockSetBack && !history.hasClockSkew;
    const endedAt = !isComparable ? 0 : (row.completedAt ?? 0);
    if (!mustKnowEnd(record, last, endedAt)) return [];
    return [`${spec.name} ended, but the last status received is ${last?.status}`];
  });
}

/** Whether a dashboard must know the end of a command: not if it was disconnected at that time and did not resume. */
function mustKnowEnd(
  { welcomes }: DashboardRecord,
  last: CommandUpdate | undefined,
  endedAt: number,
) {
  const fresh = welcomes.findLast(({ resumed }) => !resumed);
  if (!fresh) return false;
  return (last !== undefined && last.connection >= fresh.connection) || endedAt > fresh.at;
}

/** Allows one transition; two if the dashboard was disconnected in between; or the same status again. */
function mayFollow(previous: CommandUpdate, update: CommandUpdate): boolean {
  if (previous.status === update.status) {
    return previous.exitCode === update.exitCode && previous.error === update.error;
  }
  const next = Object.values(commandTransitions[previous.status]);
  if (next.includes(update.status)) return true;
  const afterNext = next.flatMap((status) => Object.values(commandTransitions[status]));
  return previous.connection !== update.connection && afterNext.includes(update.status);
}

/** Whether the next one of several hubs knows less than the one before, for a moment. */
function isUndone(
  { plan }: History,
  { welcomes }: DashboardRecord,
  previous: CommandUpdate,
  update: CommandUpdate,
) {
  const [before, after] = [previous, update].map(
    (of) => welcomes.find(({ connection }) => connection === of.connection)?.hubEpoch,
  );
  return plan.clockSkews.length > 1 && before !== after;
}

function checkAgents({ agentUpdates }: DashboardRecord): string[] {
  const violations: string[] = [];
  for (const [agentId, updates] of Map.groupBy(agentUpdates, (update) => update.agentId)) {
    for (const [index, { connection, status }] of updates.entries()) {
      const previous = updates[index - 1];
      if (!previous || previous.connection !== connection) continue;
      if (!Object.values(agentTransitions[previous.status]).includes(status)) {
        violations.push(`${agentId} went from ${previous.status} to ${status}`);
      }
    }
    const last = updates.at(-1)?.status;
    if (last !== 'online') violations.push(`${agentId} is ${last} at the end`);
  }
  return violations;
}

function format({ status, exitCode, error, connection }: CommandUpdate): string {
  return `${[status, exitCode, error].join(' ').trim()} (connection ${connection})`;
}
