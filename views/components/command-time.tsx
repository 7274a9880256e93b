// How long a command has run, or ran, and how it ended.
import type { CommandExecution } from '../../src/protocol/entities.ts';
import { duration } from '../format/units.ts';
import { Moment } from './moment.tsx';

/** "for 1:12", "12.4 s, exit 0", or how long it has waited. */
export function CommandTime({ command }: { command: CommandExecution }) {
  const { status, startedAt, completedAt, exitCode, signal } = command;
  if (status === 'queued') {
    return (
      <span class="facts">
        waiting <Moment at={command.requestedAt} as="elapsed" />
      </span>
    );
  }
  if (status === 'running') {
    return (
      <span class="facts">
        for <Moment at={startedAt ?? command.requestedAt} as="elapsed" />
      </span>
    );
  }
  const took =
    startedAt !== null && completedAt !== null ? duration(completedAt - startedAt) : null;
  const exit = exitCode === null ? null : `exit ${exitCode}`;
  const facts = [took, exit, signal].filter((fact) => fact !== null);
  return <span class="facts">{facts.length === 0 ? 'never started' : facts.join(' · ')}</span>;
}
