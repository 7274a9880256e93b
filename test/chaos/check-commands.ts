// Commands against SQLite and the processes: none lost, none twice, each ended once and rightly.
import { hasEnded } from '../../src/protocol/command-status.ts';
import type { History, Known, Row } from './history.ts';

/** What is wrong with the commands of a round. */
export function checkCommands(history: History): string[] {
  return [
    ...checkAccepted(history),
    ...checkStarts(history),
    ...[...history.known.values()].flatMap((one) => [
      ...checkFields(one),
      ...checkEnd(history, one),
    ]),
  ];
}

/** Accepted means there, under one id, and over in the end; asked for means there once. */
function checkAccepted({ plan, records, rows, known }: History): string[] {
  const flaws: string[] = [];
  const byId = new Map(rows.map((row) => [row.id, row]));
  const byRequest = Map.groupBy(rows, (row) => row.requestId);
  for (const { name, accepted } of records) {
    for (const { requestId, commandId } of accepted) {
      const row = byId.get(commandId);
      if (!row)
        flaws.push(`${requestId} was accepted as ${commandId} (${name}), and is not in SQLite`);
      else if (row.requestId !== requestId) {
        flaws.push(
          `${requestId} was accepted as ${commandId} (${name}), which is ${row.requestId}`,
        );
      }
    }
  }
  for (const { name } of plan.commands) {
    const found = byRequest.get(name) ?? [];
    if (found.length !== 1) flaws.push(`${name} is ${found.length} times in SQLite`);
  }
  for (const row of rows) {
    if (!known.has(row.id)) flaws.push(`${row.id} is in SQLite, and nobody asked for it so`);
    if (!hasEnded(row.status)) flaws.push(`${row.requestId} ${row.id} is ${row.status} at the end`);
  }
  return flaws;
}

/** Nothing is started twice; nothing runs beside another on the same agent. */
function checkStarts({ starts, ends, known, harm }: History): string[] {
  const flaws: string[] = [];
  const byName = new Map([...known.values()].map((one) => [one.spec.name, one]));
  for (const [name, marks] of Map.groupBy(starts, (mark) => mark.name)) {
    if (marks.length > 1) flaws.push(`${name} was started ${marks.length} times`);
    if (!byName.has(name)) flaws.push(`${name} was started, and is not in SQLite`);
  }
  const endOf = new Map(ends.map(({ name, at }) => [name, at]));
  for (const [agentId, marks] of Map.groupBy(starts, ({ name }) => byName.get(name)?.row.agentId)) {
    const inOrder = marks.toSorted((a, b) => a.at - b.at);
    for (const [index, { name }] of inOrder.entries()) {
      const next = inOrder[index + 1];
      const end = endOf.get(name) ?? 0;
      const row = byName.get(name)?.row;
      const losses = harm.get(agentId ?? '')?.losses ?? 0;
      if (next && end > next.at && !(row && mayRunOn(row, losses)))
        flaws.push(`${next.name} was started on ${agentId} before ${name} had ended`);
    }
  }
  return flaws;
}

/** One whose agent lost its journal runs on, and nobody knows it: not even where it was told to stop meanwhile. */
function mayRunOn({ status, error }: Row, losses: number): boolean {
  if (error?.code === 'agent_lost') return true;
  return losses > 0 && (status === 'interrupted' || error?.code === 'timeout');
}

/** data-model.md, "CommandExecution", Validation Rules. */
function checkFields({ spec: { name }, row }: Known): string[] {
  const flaws: string[] = [];
  const { requestedAt, startedAt, completedAt, status, exitCode } = row;
  if (startedAt !== null && startedAt < requestedAt)
    flaws.push(`${name} started before it was asked for`);
  if (completedAt === null) flaws.push(`${name} has no completedAt`);
  if (completedAt !== null && completedAt < (startedAt ?? requestedAt)) {
    flaws.push(
      `${name} completed at ${completedAt}, and started at ${startedAt}, asked for at ${requestedAt}`,
    );
  }
  if (exitCode !== null && status !== 'completed' && status !== 'failed') {
    flaws.push(`${name} is ${status}, with exit code ${exitCode}`);
  }
  if (status === 'completed' && (exitCode !== 0 || startedAt === null || row.error)) {
    flaws.push(`${name} is completed: ${JSON.stringify(row)}`);
  }
  return flaws;
}

/** It ended as its program did, or as somebody or something made it. */
function checkEnd(history: History, { spec, row }: Known): string[] {
  const { name, exitCode } = spec;
  const starts = history.starts.filter((mark) => mark.name === name).length;
  const why = `${name} is ${row.status} ${row.exitCode} ${row.error?.code ?? ''}`;
  const byItself = row.status === 'completed' || (row.status === 'failed' && row.error === null);
  const endMark = history.ends.some((mark) => mark.name === name);
  if (byItself) {
    if (row.exitCode !== exitCode) return [`${why}, and should have ended with ${exitCode}`];
    return starts === 1 && endMark
      ? []
      : [`${why}, and was started ${starts} times, its end reached: ${endMark}`];
  }
  const harm = history.harm.get(row.agentId) ?? { kills: 0, restarts: 0, losses: 0 };
  const unless = (excused: boolean, flaw: string) => (excused ? [] : [`${why}, ${flaw}`]);
  if (row.status === 'interrupted') {
    return unless(
      history.interrupted.has(row.id) || harm.restarts > 0,
      'and nobody asked for that',
    );
  }
  const { jumped } = history;
  switch (row.error?.code) {
    case 'timeout':
      return unless(spec.timeoutMs !== null || jumped, 'without a time-out');
    case 'agent_crashed':
      return unless(harm.kills > 0, 'and nobody killed its agent');
    case 'agent_lost':
      return unless(harm.losses > 0 || jumped, 'and its agent was never lost');
    case undefined:
    default:
      return [`${why}, for no reason`];
  }
}
