// The button that stops a command: "Interrupt" while it runs, "Cancel" while its agent has not started it.
import type { CommandExecution } from '../../src/protocol/entities.ts';
import { commandUrl } from '../urls.ts';
import { Icon } from './icons.tsx';

interface InterruptProps {
  command: CommandExecution;
  /** Shows only the icon; the label stays available to screen readers. */
  small?: boolean;
}

/** The result appears as a notice in the corner of the page. */
export function InterruptButton({ command, small = false }: InterruptProps) {
  const isQueued = command.status === 'queued';
  const label = isQueued ? 'Cancel' : 'Interrupt';
  return (
    <form
      class="interrupt"
      hx-post={`${commandUrl(command.id)}/interrupt`}
      hx-target="#notices"
      hx-disable="find button"
    >
      <button
        class={small ? 'icon-button' : `button button-small ${isQueued ? '' : 'button-danger'}`}
        type="submit"
        title={label}
        aria-label={`${label}: ${command.command.slice(0, 80)}`}
      >
        <Icon name={isQueued ? 'close' : 'stop'} />
        {!small && label}
      </button>
    </form>
  );
}
