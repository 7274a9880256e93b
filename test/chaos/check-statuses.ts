// Statuses as each dashboard saw them: moved only along the diagrams, and ended as SQLite says.
import { agentTransitions } from '../../src/protocol/agent-status.ts';
import { commandTransitions, hasEnded } from '../../src/protocol/command-status.ts';
import type { History } from './history.ts';
import type { DashboardRecord, StatusSeen } from './record.ts';

export function checkStatuses(history: History): string[] {
  return history.records.flatMap((record) =>
    [...record.flaws, ...checkCommands(history, record), ...checkAgents(record)].map(
      (flaw) => `${record.name}: ${flaw}`,
    ),
  );
}

function checkCommands(history: History, record: DashboardRecord): string[] {
  const flaws: string[] = [];
  for (const [commandId, all] of Map.groupBy(record.statuses, (seen) => seen.commandId)) {
    for (const [index, seen] of all.entries()) {
      const before = all[index - 1];
      if (before && !mayFollow(before, seen)) {
        flaws.push(`${commandId} went from ${told(before)} to ${told(seen)}`);
      }
    }
    const known = history.known.get(commandId);
    const last = all.at(-1);
    if (!known) flaws.push(`${commandId} was ${last?.status}, and is not in SQLite`);
    if (!known || !last || !hasEnded(last.status)) continue;
    const { status, exitCode, error } = known.row;
    if (
      last.status !== status ||
      last.exitCode !== exitCode ||
      last.error !== (error?.code ?? null)
    ) {
      flaws.push(
        `${known.spec.name} was ${told(last)}, and is ${status} ${exitCode} ${error?.code ?? ''} in SQLite`,
      );
    }
  }
  for (const { spec, row } of history.known.values()) {
    const last = record.last.get(row.id);
    if (last && hasEnded(last.status)) continue;
    // A clock that was set back tells nothing of before and after.
    const endedAt = history.wasSetBack ? 0 : (row.completedAt ?? 0);
    if (mustKnow(record, last, endedAt)) {
      flaws.push(`${spec.name} ended, and it was never told; it knows of ${last?.status}`);
    }
  }
  return flaws;
}

/** One step along the diagram; more where it was away in between; the same again. */
function mayFollow(before: StatusSeen, seen: StatusSeen): boolean {
  if (before.status === seen.status) {
    return before.exitCode === seen.exitCode && before.error === seen.error;
  }
  const steps = Object.values(commandTransitions[before.status]);
  if (steps.includes(seen.status)) return true;
  const later = steps.flatMap((step) => Object.values(commandTransitions[step]));
  return before.connection !== seen.connection && later.includes(seen.status);
}

/** Whether an end must have been told: not where it came while nobody kept the dashboard's place. */
function mustKnow({ welcomes }: DashboardRecord, last: StatusSeen | undefined, endedAt: number) {
  const fresh = welcomes.findLast(({ resumed }) => !resumed);
  if (!fresh) return false;
  return (last !== undefined && last.connection >= fresh.connection) || endedAt > fresh.at;
}

function checkAgents({ agents }: DashboardRecord): string[] {
  const flaws: string[] = [];
  for (const [agentId, all] of Map.groupBy(agents, (seen) => seen.agentId)) {
    for (const [index, { connection, status }] of all.entries()) {
      const before = all[index - 1];
      if (!before || before.connection !== connection) continue;
      if (!Object.values(agentTransitions[before.status]).includes(status)) {
        flaws.push(`${agentId} went from ${before.status} to ${status}`);
      }
    }
    if (all.at(-1)?.status !== 'online')
      flaws.push(`${agentId} is ${all.at(-1)?.status} at the end`);
  }
  return flaws;
}

function told({ status, exitCode, error, connection }: StatusSeen): string {
  return `${status} ${exitCode ?? ''} ${error ?? ''} (connection ${connection})`;
}
