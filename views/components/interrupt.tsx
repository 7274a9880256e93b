// Stopping a command: "Interrupt" where it runs, "Cancel" where it waits.
import type { CommandExecution } from '../../src/protocol/entities.ts';
import { commandAddress } from '../addresses.ts';
import { Icon } from './icons.tsx';

interface InterruptProps {
  command: CommandExecution;
  /** Only the icon, in lists; its word is still there for who cannot see. */
  small?: boolean;
}

/** A button that stops a command; what came of it is told in the notices. */
export function InterruptButton({ command, small = false }: InterruptProps) {
  const queued = command.status === 'queued';
  const word = queued ? 'Cancel' : 'Interrupt';
  return (
    <form
      class="interrupt"
      hx-post={`${commandAddress(command.id)}/interrupt`}
      hx-target="#notices"
      hx-disable="find button"
    >
      <button
        class={small ? 'icon-button' : `button button-small ${queued ? '' : 'button-danger'}`}
        type="submit"
        title={word}
        aria-label={`${word}: ${command.command.slice(0, 80)}`}
      >
        <Icon name={queued ? 'close' : 'stop'} />
        {!small && word}
      </button>
    </form>
  );
}
