// The terminal of one command. The server renders the header and swaps it when the command changes. The screen below
// belongs to the island, which reads the command to show from the header; it is never swapped.
import type { ComponentChildren } from 'preact';
import { hasEnded } from '../../src/protocol/command-status.ts';
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import type { OutputRemoval } from '../../src/protocol/output-removal.ts';
import { isPermitted } from '../../src/protocol/permissions.ts';
import { isStopping, isWaiting } from '../format/command-state.ts';
import { CancelButton, UndoCancelButton } from './cancel-button.tsx';
import { CommandTime } from './command-time.tsx';
import { Icon } from './icons.tsx';
import { InterruptButton } from './interrupt-button.tsx';
import type { User } from './layout.tsx';
import { OutputRemoved } from './output-removed.tsx';
import { CommandStatusLabel } from './status.tsx';
import {
  TerminalConfirm,
  TerminalFollow,
  TerminalKeys,
  TerminalNote,
  TerminalSearch,
  TerminalToolbar,
} from './terminal-tools.tsx';

/** The command in a terminal. */
export interface ShownCommand {
  command: CommandExecution;
  /** When and why its output was deleted; null if it was not. */
  removal: OutputRemoval | null;
  /** Its agent; null if it has been removed. */
  agent: AgentSummary | null;
}

interface TerminalHeaderProps {
  shown: ShownCommand;
  user: User;
  /** What can be done with the command after it has ended. */
  actions?: ComponentChildren;
  /** Distinguishes several terminals on one page. */
  terminalId?: string;
}

/** The ID of a terminal's header element. */
export function terminalHeaderId(terminalId?: string): string {
  return terminalId === undefined ? 'terminal-header' : `terminal-header-${terminalId}`;
}

/** The status of a command, and the button that stops it. */
export function TerminalHeader({ shown, user, actions, terminalId }: TerminalHeaderProps) {
  const { command, removal, agent } = shown;
  return (
    <div
      id={terminalHeaderId(terminalId)}
      class="terminal-header"
      data-output={removal ? 'expired' : 'held'}
      data-command={JSON.stringify(command)}
    >
      <div class="terminal-status">
        <CommandStatusLabel command={command} agent={agent} />
        <CommandTime command={command} />
        <span class="terminal-actions">
          {hasEnded(command.status) ? actions : <StopButton shown={shown} user={user} />}
        </span>
      </div>
      <CommandFailure command={command} />
      {removal && (
        <p class="terminal-empty">
          <OutputRemoved removal={removal} />
        </p>
      )}
    </div>
  );
}

/** Interrupts a command that its agent has. Cancels one that waits, or undoes that. */
function StopButton({ shown: { command, agent }, user }: { shown: ShownCommand; user: User }) {
  if (!isWaiting(command, agent)) {
    const canInterrupt = isPermitted(user.role, 'commands:interrupt') && !isStopping(command);
    return canInterrupt ? <InterruptButton command={command} /> : null;
  }
  if (!isPermitted(user.role, 'queue:manage')) return null;
  return isStopping(command) ? (
    <UndoCancelButton command={command} />
  ) : (
    <CancelButton command={command} />
  );
}

function CommandFailure({ command }: { command: CommandExecution }) {
  if (!command.error) return null;
  return (
    <p class="terminal-error">
      <Icon name="warning" />
      <span>
        {command.error.message} <code>{command.error.code}</code>
      </span>
    </p>
  );
}

interface TerminalScreenProps {
  terminalId?: string;
  /** What to search for once output is shown. */
  search?: string;
}

/** The element that the island opens xterm in, with its tools and the bars that say what the terminal does not show. */
export function TerminalScreen({ terminalId, search = '' }: TerminalScreenProps) {
  const id = terminalId === undefined ? 'terminal' : `terminal-${terminalId}`;
  return (
    <div class="terminal-output" hx-morph-skip>
      <TerminalToolbar terminalId={id} />
      <TerminalSearch text={search} />
      <TerminalNote />
      <p class="terminal-bar" data-bar="earlier" hidden>
        <span>Earlier lines are not shown.</span>
        <button class="button button-small" type="button" data-load="first">
          Load from the start
        </button>
      </p>
      <div class="terminal-stage">
        <div class="terminal-gutter" data-gutter hidden />
        <div
          id={id}
          class="terminal-screen"
          data-header={terminalHeaderId(terminalId)}
          role="region"
          aria-label="Terminal output"
        >
          <noscript>The terminal requires JavaScript.</noscript>
        </div>
        <TerminalFollow />
      </div>
      <p class="terminal-bar" data-bar="later" hidden>
        <span>Later lines are not shown.</span>
        <button class="button button-small" type="button" data-load="next">
          Load the next lines
        </button>
        <button class="button button-small" type="button" data-load="end">
          Back to the end
        </button>
      </p>
      <TerminalKeys />
      <TerminalConfirm />
    </div>
  );
}
