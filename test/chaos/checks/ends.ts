// Checks how commands ended: like their process, or for a reason that the round has given.
import { endedByItself, type History, type PlannedCommand } from '../history.ts';
import type { CommandRow } from '../rows.ts';

export function checkEnds(history: History): string[] {
  return [...history.planned.values()].flatMap((command) => [
    ...checkEnd(history, command),
    ...checkTimeout(history, command),
  ]);
}

/** A command ends like its process, or for a reason that this round has given. */
function checkEnd(history: History, { spec, row }: PlannedCommand): string[] {
  const { name, exitCode } = spec;
  const starts = history.starts.filter((mark) => mark.name === name).length;
  const outcome = [name, 'is', row.status, row.exitCode, row.error?.code].join(' ').trim();
  if (endedByItself(row)) {
    if (row.exitCode !== exitCode) return [`${outcome}, but should have exit code ${exitCode}`];
    const hasEndMark = history.ends.some((mark) => mark.name === name);
    if (starts === 1 && hasEndMark) return [];
    const reached = hasEndMark ? 'reached' : 'did not reach';
    return [`${outcome}, but was started ${starts} times and ${reached} its end`];
  }
  const faults = history.agentFaults.get(row.agentId);
  const { kills, restarts, journalLosses } = faults ?? { kills: 0, restarts: 0, journalLosses: 0 };
  const { hasClockJump } = history;
  const expectReason = (hasReason: boolean, explanation: string) =>
    hasReason ? [] : [`${outcome}, but ${explanation}`];
  if (row.status === 'interrupted') {
    const hasReason = history.interrupted.has(row.id) || restarts > 0;
    return expectReason(hasReason, 'no interrupt was sent');
  }
  switch (row.error?.code) {
    case 'timeout':
      return expectReason(spec.timeoutMs !== null || hasClockJump, 'it has no timeout');
    case 'agent_crashed':
      return expectReason(kills > 0, 'its agent was not killed');
    case 'agent_lost':
      return expectReason(journalLosses > 0 || hasClockJump, 'its agent was not lost');
    case 'not_started':
      return expectReason(hasClockJump, 'its agent had no time to start it');
    case 'expired':
      return expectReason(hasClockJump && starts === 0, `it was started ${starts} times`);
    case undefined:
    default:
      return [`${outcome}, for no known reason`];
  }
}

/** A command times out only after it has run for its timeout, not counting approvals, and while its agent is online. */
function checkTimeout(history: History, { spec, row }: PlannedCommand): string[] {
  const { name, asks } = spec;
  if (row.error?.code !== 'timeout' || history.hasClockSetBack) return [];
  const violations: string[] = [];
  if (row.disconnectedAt !== null && !history.hasClockJump) {
    violations.push(`${name} timed out while its agent was offline`);
  }
  if (asks === null) return violations;
  const activeMs = Math.max(hubActiveMs(history, row), programActiveMs(history, name));
  // The program starts a little later than its agent measures.
  if (activeMs < row.timeoutMs / 2) {
    violations.push(`${name} timed out after ${activeMs} ms, but may run for ${row.timeoutMs} ms`);
  }
  return violations;
}

/** Returns how long a command ran, by the hub's clock, without the time that it waited for approvals. */
function hubActiveMs({ approvals }: History, { id, startedAt, completedAt }: CommandRow): number {
  const waitedMs = approvals
    .filter(({ commandId }) => commandId === id)
    .reduce(
      (sum, { requestedAt, resolvedAt }) => sum + (resolvedAt ?? requestedAt) - requestedAt,
      0,
    );
  return (completedAt ?? 0) - (startedAt ?? 0) - waitedMs;
}

/** Returns how long a prompt ran until its last answer, by the system clock; 0 for shell commands. */
function programActiveMs({ starts, asked, answered }: History, name: string): number {
  const isOfCommand = (mark: { name: string }) => mark.name.startsWith(`${name} `);
  const start = starts.find((mark) => mark.name === name);
  const answers = answered.filter(isOfCommand);
  const last = answers.at(-1);
  if (!start || !last) return 0;
  const waitedMs = answers.reduce((sum, answer) => {
    const question = asked.find((mark) => answer.name.startsWith(`${mark.name} `));
    return sum + answer.at - (question?.at ?? answer.at);
  }, 0);
  return last.at - start.at - waitedMs;
}
