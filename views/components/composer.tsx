// The box in which a command is written. It is never swapped while somebody writes: only its note and hint are,
// and its text once the command has been accepted.
import type { AgentSummary } from '../../src/protocol/entities.ts';
import { agentAddress } from '../addresses.ts';
import { Icon } from './icons.tsx';
import { Notice } from './notice.tsx';
import { Partial } from './partial.tsx';
import { priorities } from '../format/labels.ts';

/** How long a command may take, in milliseconds, as the box offers it. */
const TIME_LIMITS: [ms: number, name: string][] = [
  [300_000, '5 minutes'],
  [900_000, '15 minutes'],
  [3_600_000, '1 hour'],
  [14_400_000, '4 hours'],
];

interface ComposerProps {
  agent: AgentSummary;
  /** The page's own name for the next request: sent twice, it still runs once. */
  requestId: string;
}

/** The form that sends a command to one agent. */
export function Composer({ agent, requestId }: ComposerProps) {
  return (
    <section class="composer panel" aria-label="Send a command">
      <form
        id="composer"
        hx-post={`${agentAddress(agent.agentId)}/commands`}
        hx-target="#composer-note"
        hx-disable="find button[type=submit]"
      >
        <ComposerText requestId={requestId} />
        <div class="composer-row">
          <fieldset class="choices" aria-label="Priority">
            {Object.entries(priorities).map(([priority, name]) => (
              <label key={priority} class="choice">
                <input
                  type="radio"
                  name="priority"
                  value={priority}
                  checked={priority === 'normal'}
                />
                <span>{name}</span>
              </label>
            ))}
          </fieldset>
          <TimeLimit />
          <ComposerSession agent={agent} />
          <button class="button button-first composer-send" type="submit">
            <Icon name="send" />
            Send
          </button>
        </div>
      </form>
      <div id="composer-note" data-note-for="composer" />
      <ComposerHint agent={agent} />
    </section>
  );
}

/** How long the command may take. */
export function TimeLimit() {
  return (
    <label class="select">
      <span>Limit</span>
      <select name="timeoutMs" aria-label="Time limit">
        {TIME_LIMITS.map(([ms, name]) => (
          <option key={ms} value={ms}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The text and the name of its request: fresh again once it has been accepted. */
function ComposerText({ requestId }: { requestId: string }) {
  return (
    <div id="composer-text">
      <input type="hidden" name="requestId" value={requestId} />
      <CommandField
        label="Command"
        placeholder="Write a command…"
        describedBy="composer-hint composer-note"
      />
      <ul
        id="completions"
        class="completions"
        role="listbox"
        aria-label="Slash commands of this agent"
        hidden
      />
    </div>
  );
}

/** Where a command is written; Ctrl or ⌘ with Enter sends its form. */
export function CommandField(props: { label: string; placeholder: string; describedBy: string }) {
  return (
    <>
      <label class="visually-hidden" for="command">
        {props.label}
      </label>
      <textarea
        id="command"
        name="command"
        rows={3}
        placeholder={props.placeholder}
        autocomplete="off"
        spellcheck={false}
        autocapitalize="none"
        aria-describedby={props.describedBy}
        data-send-on-enter
        required
      />
    </>
  );
}

/** Whether a prompt goes on with the conversation; nothing to choose where the agent has none. */
export function ComposerSession({ agent }: { agent: AgentSummary }) {
  return (
    <span id="composer-session">
      {agent.capabilities.includes('prompt') && (
        <label class="check" title="Forget what was said before">
          <input type="checkbox" name="session" value="new" />
          <span>New conversation</span>
        </label>
      )}
    </span>
  );
}

/** What this agent takes now; swapped as it comes, goes or learns. The island reads its slash commands from here. */
export function ComposerHint({ agent }: { agent: AgentSummary }) {
  const slash = slashCommands(agent.capabilities);
  return (
    <p id="composer-hint" class="composer-hint" data-slash={JSON.stringify(slash)}>
      {agent.status === 'offline' ? (
        <>
          <b>{agent.agentId} is offline</b>: commands are refused until it is back.
        </>
      ) : (
        <>
          {takes(agent.capabilities)} {whyNoPrompt(agent)}{' '}
          <span class="composer-keys">Ctrl or ⌘ with Enter sends.</span>
        </>
      )}
    </p>
  );
}

/** The slash commands among what an agent takes, in the order of the alphabet. */
function slashCommands(capabilities: string[]): string[] {
  return capabilities.filter((name) => name.startsWith('/')).toSorted();
}

function takes(capabilities: string[]): string {
  const [first, ...others] = slashCommands(capabilities);
  const kinds = [
    ...(capabilities.includes('prompt') ? ['prompts'] : []),
    ...(capabilities.includes('shell') ? ['!commands for its shell'] : []),
    ...(first === undefined
      ? []
      : [others.length === 0 ? first : `/ for ${others.length + 1} slash commands`]),
  ];
  if (kinds.length === 0) return 'Takes no commands now.';
  return `Takes ${new Intl.ListFormat('en', { type: 'conjunction' }).format(kinds)}.`;
}

/** Where it gave a reason, that stands at the top of the page. */
function whyNoPrompt({ capabilities, notice }: AgentSummary): string {
  if (capabilities.includes('prompt')) return '';
  return notice === null
    ? 'It takes no prompts.'
    : 'It takes no prompts: the notice above says why.';
}

/** The answer to a command that was accepted: where it stands, and an empty box. */
export function CommandAccepted({ position, requestId }: { position: number; requestId: string }) {
  const where = position === 0 ? 'Sent: it is next.' : `Queued at position ${position + 1}.`;
  return (
    <>
      <Notice kind="done" text={where} />
      <Partial target="#composer-text" swap="outerHTML">
        <ComposerText requestId={requestId} />
      </Partial>
    </>
  );
}
