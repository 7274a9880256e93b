// The buttons that cancel a command that waits in the queue, and that undo this within ten seconds.
import type { CommandExecution } from '../../src/protocol/entities.ts';
import { commandUrl } from '../urls.ts';
import { Icon } from './icons.tsx';

interface CancelProps {
  command: CommandExecution;
  /** Shows only the icon; the label stays available to screen readers. */
  small?: boolean;
}

/** Cancels a command that waits in the queue. One that its agent has can only be interrupted. */
export function CancelButton({ command, small = false }: CancelProps) {
  return (
    <form
      class="interrupt"
      hx-post={`${commandUrl(command.id)}/cancel`}
      hx-target="#notices"
      hx-disable="find button"
    >
      <button
        class={small ? 'icon-button' : 'button button-small'}
        type="submit"
        title="Cancel"
        aria-label={`Cancel: ${command.command.slice(0, 80)}`}
      >
        <Icon name="close" />
        {!small && 'Cancel'}
      </button>
    </form>
  );
}

/** For a command that was cancelled less than 10 s ago. */
export function UndoCancelButton({ command }: { command: CommandExecution }) {
  return (
    <form
      hx-post={`${commandUrl(command.id)}/restore`}
      hx-target="#notices"
      hx-disable="find button"
    >
      <button
        class="button button-small"
        type="submit"
        aria-label={`Undo: cancel ${command.command.slice(0, 80)}`}
      >
        Undo
      </button>
      <span class="queue-undo" aria-hidden="true" />
    </form>
  );
}
