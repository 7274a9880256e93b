// The form that sends commands to an agent. Updates never replace the form, only its notice, hint and session choice;
// the text box is cleared once a command is accepted.
import type { AgentSummary } from '../../src/protocol/entities.ts';
import { agentUrl } from '../urls.ts';
import { priorityLabels } from '../format/labels.ts';
import { CommandField, TimeoutSelect } from './command-field.tsx';
import { ComposerHint } from './composer-hint.tsx';
import { HxPartial } from './hx-partial.tsx';
import { Icon } from './icons.tsx';
import { Notice } from './notice.tsx';

interface ComposerProps {
  agent: AgentSummary;
  /** Identifies the next request, so that submitting the form twice creates one command. */
  requestId: string;
}

export function Composer({ agent, requestId }: ComposerProps) {
  return (
    <section class="composer" aria-label="Send a command">
      <div id="composer-notice" data-notice-for="composer" />
      <form
        id="composer"
        class="composer-form"
        hx-post={`${agentUrl(agent.agentId)}/commands`}
        hx-target="#composer-notice"
        hx-disable="find button[type=submit]"
      >
        <ComposerText requestId={requestId} />
        <div class="composer-row">
          <PrioritySelect />
          <TimeoutSelect />
          <ComposerSession agent={agent} />
          <ComposerHint agent={agent} />
          <button class="button button-primary composer-send" type="submit">
            <Icon name="send" />
            Send
          </button>
        </div>
      </form>
    </section>
  );
}

function PrioritySelect() {
  return (
    <label class="select">
      <span>Priority</span>
      <select name="priority">
        {Object.entries(priorityLabels).map(([priority, label]) => (
          <option key={priority} value={priority} selected={priority === 'normal'}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The text box with its request ID. Rendered again with a new ID once a command is accepted. */
function ComposerText({ requestId }: { requestId: string }) {
  return (
    <div id="composer-text">
      <input type="hidden" name="requestId" value={requestId} />
      <CommandField
        label="Command"
        placeholder="Enter a command…"
        describedBy="composer-hint composer-notice"
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

/** The response to an accepted command: its position in the queue, and an empty text box. */
export function CommandAccepted({ agent, commandId, position, requestId }: AcceptedProps) {
  return (
    <>
      <Notice kind="success" text={describePosition(agent, position)} sent={commandId} />
      <HxPartial target="#composer-text" swap="outerHTML">
        <ComposerText requestId={requestId} />
      </HxPartial>
    </>
  );
}

function describePosition({ agentId, status }: AgentSummary, position: number): string {
  if (status === 'offline') return `Queued until ${agentId} is online`;
  return position === 0 ? 'Sent' : `Queued at position ${position + 1}`;
}
