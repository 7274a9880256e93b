// What can be done with a command that has ended: copy its output, run it again here or elsewhere, download it, link to it.
import type { CommandExecution } from '../../src/protocol/entities.ts';
import { commandUrl, outputUrl } from '../urls.ts';
import { Icon, type IconName } from './icons.tsx';

interface BlockActionsProps {
  command: CommandExecution;
  hasOutput: boolean;
  canSend: boolean;
}

export function BlockActions({ command, hasOutput, canSend }: BlockActionsProps) {
  const url = commandUrl(command.id);
  return (
    <>
      {hasOutput && (
        <Action icon="copy" label="Copy output" data-copy-url={outputUrl(command.id, 'plain')} />
      )}
      {canSend && (
        <>
          <form
            class="block-again"
            hx-post={`${url}/again`}
            hx-target="#notices"
            hx-disable="find button"
          >
            <Action icon="again" label="Run again" type="submit" />
          </form>
          <Action
            icon="agents"
            label="Run on another agent…"
            hx-get={`${url}/again`}
            hx-target="#dialog-body"
          />
        </>
      )}
      {hasOutput && (
        <a
          class="icon-button"
          href={outputUrl(command.id, 'raw')}
          download={`${command.id}.log`}
          title="Download output"
          aria-label="Download output"
        >
          <Icon name="download" />
        </a>
      )}
      <Action icon="link" label="Copy link" data-copy-link={url} />
    </>
  );
}

interface ActionProps {
  icon: IconName;
  label: string;
  type?: 'button' | 'submit';
  [attribute: `${'data' | 'hx'}-${string}`]: string;
}

function Action({ icon, label, type = 'button', ...attributes }: ActionProps) {
  return (
    <button class="icon-button" type={type} title={label} aria-label={label} {...attributes}>
      <Icon name={icon} />
    </button>
  );
}
