// A block of the session: one command with its output, how it ended, and what can be done with it.
import type { ComponentChildren } from 'preact';
import { hasEnded } from '../../src/protocol/command-status.ts';
import type { CommandExecution } from '../../src/protocol/entities.ts';
import { formatCost } from '../../src/protocol/report-format.ts';
import { commandUrl } from '../urls.ts';
import { BlockOutput, type ShownOutput } from './block-output.tsx';
import { BlockPrompt } from './block-prompt.tsx';
import { BlockActions } from './block-actions.tsx';
import { ChangesLink } from './changes/changes-link.tsx';
import { CommandTime } from './command-time.tsx';
import { Icon } from './icons.tsx';
import { CommandStatusLabel } from './status.tsx';
import { Timestamp } from './timestamp.tsx';
import { type ShownTurn, Turn } from './turn/turn.tsx';

/** A command that has ended, as the session shows it. */
export interface SessionBlock {
  command: CommandExecution;
  output: ShownOutput;
  /** The turn of a prompt, which is shown instead of its output. */
  turn?: ShownTurn | undefined;
  /** Identifies the next request to run it again. */
  requestId: string;
}

interface BlockProps extends SessionBlock {
  canSend: boolean;
}

/** The block of a command that has ended. It does not change any more, except for its footer. */
export function Block({ command, output, turn, canSend, requestId }: BlockProps) {
  return (
    <li id={`block-${command.id}`} class={`block block-${command.status}`}>
      <input type="hidden" name="shown" value={command.id} />
      <BlockHead command={command}>
        <BlockActions
          command={command}
          hasOutput={output.state !== 'removed' && output.totalBytes > 0}
          canSend={canSend}
          requestId={requestId}
        />
      </BlockHead>
      <div class="block-body">
        {turn && turn.parts.length > 0 ? (
          <Turn commandId={command.id} turn={turn} />
        ) : (
          <BlockOutput command={command} output={output} />
        )}
      </div>
      <BlockFooter command={command} />
    </li>
  );
}

interface BlockHeadProps {
  command: CommandExecution;
  /** For a block without a footer. */
  state?: string;
  children?: ComponentChildren;
}

/** The prompt, who sent it and when, and the actions. */
export function BlockHead({ command, state, children }: BlockHeadProps) {
  return (
    <div class="block-head">
      <BlockPrompt command={command} />
      <p class="block-facts">
        <span>{command.requestedBy}</span>
        <a href={commandUrl(command.id)} title="Open the page of this command">
          <Timestamp at={command.startedAt ?? command.requestedAt} />
        </a>
        {state !== undefined && <span>{state}</span>}
      </p>
      <div class="block-actions">{children}</div>
    </div>
  );
}

/** State, duration, exit code, cost and changed files. Failures say why. */
export function BlockFooter({ command, id }: { command: CommandExecution; id?: string }) {
  const { usage, error } = command;
  return (
    <div id={id ?? `block-footer-${command.id}`} class="block-footer">
      <CommandStatusLabel command={command} />
      <CommandTime command={command} />
      {usage?.cost && <span>{formatCost(usage.cost)}</span>}
      <ChangesLink command={command} />
      {hasEnded(command.status) && error && (
        <p class="block-error">
          <Icon name="warning" />
          <span>
            {error.message} <code>{error.code}</code>
          </span>
        </p>
      )}
    </div>
  );
}
