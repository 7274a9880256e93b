// What can be done with a command that has ended: copy its output, run it again here or elsewhere, link to it,
// download its output, or open it in a terminal, which has a search.
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { describePosition } from '../format/forecast.ts';
import { commandUrl, outputUrl } from '../urls.ts';
import { HxPartial } from './hx-partial.tsx';
import { Icon, type IconName } from './icons.tsx';
import { Notice } from './notice.tsx';

interface BlockActionsProps {
  command: CommandExecution;
  hasOutput: boolean;
  canSend: boolean;
  /** Identifies the next request to run it again, so that submitting the form twice creates one command. */
  requestId: string;
}

export function BlockActions({ command, hasOutput, canSend, requestId }: BlockActionsProps) {
  const url = commandUrl(command.id);
  return (
    <>
      {hasOutput && (
        <Action icon="copy" label="Copy output" data-copy-url={outputUrl(command.id, 'plain')} />
      )}
      {hasOutput && (
        <a
          class="icon-button"
          href={`${url}#search`}
          title="Search output"
          aria-label="Search output"
        >
          <Icon name="search" />
        </a>
      )}
      {canSend && <AgainActions command={command} requestId={requestId} />}
      <Action icon="link" label="Copy link" data-copy-link={url} />
      {hasOutput && <OutputMenu commandId={command.id} />}
    </>
  );
}

function OutputMenu({ commandId }: { commandId: string }) {
  const id = `output-menu-${commandId}`;
  return (
    <>
      <Action icon="download" label="Download or open the output" popovertarget={id} />
      <div id={id} class="menu" popover="auto">
        <a class="menu-item" href={outputUrl(commandId, 'plain')} download>
          Download as text
        </a>
        <a class="menu-item" href={outputUrl(commandId, 'raw')} download>
          Download with control sequences
        </a>
        <a class="menu-item" href={commandUrl(commandId)}>
          Open in the terminal
        </a>
      </div>
    </>
  );
}

interface AgainActionsProps extends Pick<BlockActionsProps, 'command' | 'requestId'> {
  /** Shows the labels beside the icons. */
  isLabelled?: boolean;
}

/** Runs the command again, here or on another agent. */
export function AgainActions({ command, requestId, isLabelled = false }: AgainActionsProps) {
  return (
    <>
      <form
        id={againFormId(command.id)}
        class="block-again"
        hx-post={`${commandUrl(command.id)}/again`}
        hx-target="#notices"
        hx-disable="find button"
      >
        <AgainRequest commandId={command.id} requestId={requestId} />
        <Action icon="again" label="Run again" type="submit" isLabelled={isLabelled} />
      </form>
      <Action
        icon="agents"
        label="Run on another agent…"
        isLabelled={isLabelled}
        hx-get={`${commandUrl(command.id)}/again`}
        hx-target="#dialog-body"
      />
    </>
  );
}

/** The ID of the form that runs a command again on its agent. */
export function againFormId(commandId: string): string {
  return `again-${commandId}`;
}

/** An update keeps the ID, so that a request that failed can be repeated. */
function AgainRequest({ commandId, requestId }: { commandId: string; requestId: string }) {
  return (
    <input
      id={`again-request-${commandId}`}
      type="hidden"
      name="requestId"
      value={requestId}
      hx-morph-skip
    />
  );
}

interface AgainAcceptedProps {
  /** The command that runs again. */
  commandId: string;
  agent: AgentSummary;
  /** The number of commands before it. */
  position: number;
  /** Identifies the next request. */
  requestId: string;
}

/** The response to a command that runs again on its agent. */
export function AgainAccepted({ commandId, agent, position, requestId }: AgainAcceptedProps) {
  return (
    <>
      <Notice kind="success" text={describePosition(agent, position, 'Sent again')} />
      <HxPartial target={`#again-request-${commandId}`} swap="outerHTML">
        <AgainRequest commandId={commandId} requestId={requestId} />
      </HxPartial>
    </>
  );
}

interface ActionProps {
  icon: IconName;
  label: string;
  type?: 'button' | 'submit';
  isLabelled?: boolean;
  popovertarget?: string;
  [attribute: `${'data' | 'hx'}-${string}`]: string;
}

function Action({ icon, label, type = 'button', isLabelled = false, ...attributes }: ActionProps) {
  return (
    <button
      class={isLabelled ? 'button button-small' : 'icon-button'}
      type={type}
      title={isLabelled ? undefined : label}
      aria-label={isLabelled ? undefined : label}
      {...attributes}
    >
      <Icon name={icon} />
      {isLabelled && label}
    </button>
  );
}
