// What became of a command, in the words of its page.
import { commandStatusLabels, describeState } from '../protocol/command-state.ts';
import { hasEnded } from '../protocol/command-status.ts';
import type { CommandExecution } from '../protocol/entities.ts';

/** Describes how a command ended: `Timed out after 5 min`. Null if it completed, or has not ended. */
export function describeOutcome(command: CommandExecution): string | null {
  if (!hasEnded(command.status) || command.status === 'completed') return null;
  const { label, detail } = describeState(command);
  return detail === null ? label : `${label} · ${detail}`;
}

/** Describes the state of a command for the cell of a table: `running`, `failed (agent_lost)`. */
export function formatState(command: CommandExecution): string {
  const { label } = describeState(command);
  if (label === commandStatusLabels.failed && command.error)
    return `failed (${command.error.code})`;
  return label.toLowerCase();
}
