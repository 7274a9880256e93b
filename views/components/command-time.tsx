// How long a command has been queued or running, or how long it ran and how it ended.
import type { CommandExecution } from '../../src/protocol/entities.ts';
import { formatRunTime } from '../format/units.ts';
import { Timestamp } from './timestamp.tsx';

/** Follows the status label: `1:12`, `12.4 s · exit 0`, or `not started`. */
export function CommandTime({ command }: { command: CommandExecution }) {
  const { status, requestedAt, startedAt, completedAt, exitCode, signal } = command;
  if (status === 'queued' || status === 'running') {
    const since = status === 'queued' ? requestedAt : (startedAt ?? requestedAt);
    return (
      <span class="facts">
        <Timestamp at={since} as="elapsed" />
      </span>
    );
  }
  const hasRun = startedAt !== null && completedAt !== null;
  const facts = [
    hasRun ? formatRunTime(command) : null,
    exitCode === null ? null : `exit ${exitCode}`,
    signal,
  ].filter((fact) => fact !== null);
  return <span class="facts">{facts.length === 0 ? 'not started' : facts.join(' · ')}</span>;
}
