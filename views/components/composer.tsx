// The form that sends commands to an agent. Updates replace its notice, hint, buttons and the choice of the conversation,
// never the form itself. Once a command is accepted, the island removes its text from the text box
// (src/browser/page-composer.ts).
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { isCurrent, isStopping } from '../format/command-state.ts';
import { agentUrl } from '../urls.ts';
import { describePosition } from '../format/forecast.ts';
import { CommandField, TimeoutSelect } from './command-field.tsx';
import { ComposerHint } from './composer-hint.tsx';
import { HxPartial } from './hx-partial.tsx';
import { Icon } from './icons.tsx';
import { Notice } from './notice.tsx';
import { PromptsButton } from './prompts-dialog.tsx';
import { PriorityOptions } from './priority-options.tsx';

interface ComposerProps {
  agent: AgentSummary;
  /** The current command first, then the queue. */
  active: CommandExecution[];
  canInterrupt: boolean;
  /** Identifies the next request, so that submitting the form twice creates one command. */
  requestId: string;
}

export function Composer({ agent, active, canInterrupt, requestId }: ComposerProps) {
  return (
    <section class="composer" aria-label="Send a command">
      <div id="composer-notice" data-notice-for="composer" />
      <form
        id="composer"
        class="composer-form"
        hx-post={`${agentUrl(agent.agentId)}/commands`}
        hx-target="#composer-notice"
        hx-disable="findAll #composer-buttons button"
      >
        <ComposerRequest requestId={requestId} />
        <ComposerText />
        <div class="composer-row">
          <button
            class="icon-button composer-more"
            type="button"
            popovertarget="composer-options"
            aria-label="Options"
          >
            <Icon name="more" />
          </button>
          <div id="composer-options" class="composer-options" popover="auto">
            <PrioritySelect />
            <TimeoutSelect />
            <ComposerSession agent={agent} />
            <label class="checkbox composer-keys" title="Otherwise, Ctrl+Enter or ⌘+Enter sends">
              <input type="checkbox" data-enter-sends checked />
              <span>Enter sends</span>
            </label>
            <PromptsButton />
          </div>
          <ComposerHint agent={agent} active={active} />
          <ComposerButtons {...{ agent, active, canInterrupt }} />
        </div>
      </form>
    </section>
  );
}

/** Sends the command, or queues it until the agent is online, or interrupts the running command for it. */
export function ComposerButtons({ agent, active, canInterrupt }: Omit<ComposerProps, 'requestId'>) {
  const isOffline = agent.status === 'offline';
  const running = active.find((command) => isCurrent(command, agent));
  const isInterruptible = canInterrupt && running && !isStopping(running) && !isOffline;
  return (
    <div id="composer-buttons" class="composer-buttons">
      {isInterruptible && (
        <button
          id="composer-interrupt"
          class="button button-quiet"
          type="submit"
          name="interrupt"
          value={running.id}
          title="Interrupts the running command, and runs this one next"
        >
          Interrupt and send
        </button>
      )}
      <button
        id="composer-send"
        class="button button-primary"
        type="submit"
        {...(isOffline && { name: 'ifOffline', value: 'queue' })}
      >
        {isOffline ? 'Queue' : 'Send'}
        <kbd class="composer-keys" aria-hidden="true" data-send-key>
          ⏎
        </kbd>
      </button>
    </div>
  );
}

function PrioritySelect() {
  return (
    <label class="select">
      <span>Priority</span>
      <select name="priority">
        <PriorityOptions selected="normal" />
      </select>
    </label>
  );
}

/** Rendered again with a new ID once a command is accepted. */
function ComposerRequest({ requestId }: { requestId: string }) {
  return <input id="composer-request" type="hidden" name="requestId" value={requestId} />;
}

/** The text box. No response replaces it, because the user may be typing. */
function ComposerText() {
  return (
    <div id="composer-text">
      <CommandField
        label="Command"
        placeholder="Enter a command…"
        describedBy="composer-hint composer-notice"
        keys="setting"
      />
      <ul id="completions" class="completions" role="listbox" aria-label="Slash commands" hidden />
    </div>
  );
}

/** Starts a new conversation. Empty for agents that accept no prompts. */
export function ComposerSession({ agent }: { agent: AgentSummary }) {
  return (
    <span id="composer-session">
      {agent.capabilities.includes('prompt') && (
        <label class="checkbox" title="Start without the context of earlier prompts">
          <input type="checkbox" name="session" value="new" />
          <span>New conversation</span>
        </label>
      )}
    </span>
  );
}

interface AcceptedProps {
  agent: AgentSummary;
  commandId: string;
  position: number;
  /** Identifies the next request. */
  requestId: string;
}

/**
 * The response to an accepted command: its position in the queue, and the parts of the form that belong to one command. They
 * are replaced, because a morph would keep the choice of the user.
 */
export function CommandAccepted({ agent, commandId, position, requestId }: AcceptedProps) {
  return (
    <>
      <Notice kind="success" text={describePosition(agent, position)} sent={commandId} />
      <HxPartial target="#composer-request" swap="outerHTML">
        <ComposerRequest requestId={requestId} />
      </HxPartial>
      <HxPartial target="#composer-session" swap="outerHTML">
        <ComposerSession agent={agent} />
      </HxPartial>
    </>
  );
}
