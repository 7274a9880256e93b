// How long a command has been queued or running, or how it ended.
import { hasEnded } from '../../src/protocol/command-status.ts';
import type { CommandExecution } from '../../src/protocol/entities.ts';
import { describeState } from '../format/command-state.ts';
import { Timestamp } from './timestamp.tsx';

/** Follows the status label: `1:12`, or `12.4 s · exit 0`. Empty if the label says everything. */
export function CommandTime({ command }: { command: CommandExecution }) {
  const { status, requestedAt, startedAt } = command;
  const { detail } = describeState(command);
  if (hasEnded(status)) return detail === null ? null : <span class="facts">{detail}</span>;
  const since = status === 'queued' ? requestedAt : (startedAt ?? requestedAt);
  return (
    <span class="facts">
      <Timestamp at={since} as="elapsed" />
    </span>
  );
}
