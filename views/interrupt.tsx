// Stopping a command: "Interrupt" where it runs, "Cancel" where it waits.
import type { CommandExecution } from '../src/protocol/entities.ts';
import { commandAddress } from './addresses.ts';
import { Icon } from './icons.tsx';

/** A button that stops a command; what came of it is told in the notices. */
export function InterruptButton({ command }: { command: CommandExecution }) {
  const queued = command.status === 'queued';
  return (
    <form
      class="interrupt"
      hx-post={`${commandAddress(command.id)}/interrupt`}
      hx-target="#notices"
      hx-disable="find button"
    >
      <button
        class={`button button-small ${queued ? '' : 'button-danger'}`}
        type="submit"
        aria-label={`${queued ? 'Cancel' : 'Interrupt'}: ${command.command.slice(0, 80)}`}
      >
        <Icon name={queued ? 'close' : 'stop'} />
        {queued ? 'Cancel' : 'Interrupt'}
      </button>
    </form>
  );
}
