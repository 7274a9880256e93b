// The dialogs about an agent's existence: adding it, its token once, and revoking it.
import type { RegisteredAgent } from '../../src/protocol/api.ts';
import { agentAddress } from '../addresses.ts';
import { Copyable } from './copyable.tsx';
import { Icon } from './icons.tsx';
import { Notice } from './notice.tsx';
import { agentTypes } from '../format/labels.ts';

/** The title and the way out that every dialog has. */
function DialogHead({ title }: { title: string }) {
  return (
    <div class="dialog-head">
      <h2 id="dialog-title">{title}</h2>
      <button class="icon-button" type="button" data-close-dialog aria-label="Close">
        <Icon name="close" />
      </button>
    </div>
  );
}

interface AddAgentProps {
  agentId?: string;
  agentType?: string;
  refusal?: string;
}

/** What to call the agent, and which program it is. */
export function AddAgentForm({ agentId = '', agentType = 'claude', refusal }: AddAgentProps) {
  return (
    <>
      <DialogHead title="Add an agent" />
      {refusal && <Notice kind="refused" text={refusal} />}
      <form hx-post="/agents" hx-target="#dialog-body" hx-disable="find button">
        <label class="field">
          <span>
            Name <small>Letters, digits, dot, dash and underscore</small>
          </span>
          <input
            name="agentId"
            class="mono"
            value={agentId}
            placeholder="build-server"
            pattern="[A-Za-z0-9][A-Za-z0-9._\-]*"
            maxlength={64}
            autocapitalize="none"
            autocomplete="off"
            spellcheck={false}
            required
            autofocus
          />
        </label>
        <fieldset class="field">
          <legend>Program</legend>
          <div class="choices">
            {Object.entries(agentTypes).map(([type, name]) => (
              <label key={type} class="choice">
                <input type="radio" name="agentType" value={type} checked={type === agentType} />
                <span>{name}</span>
              </label>
            ))}
          </div>
        </fieldset>
        <div class="dialog-foot">
          <button class="button" type="button" data-close-dialog>
            Cancel
          </button>
          <button class="button button-first" type="submit">
            Add agent
          </button>
        </div>
      </form>
    </>
  );
}

/** The line to paste on the agent's machine. */
export function startLine(registered: RegisteredAgent, hubUrl: string): string {
  const { token, agentId, agentType } = registered;
  return `SIGNALBOX_AGENT_TOKEN=${token} signalbox agent --hub ${hubUrl} --id ${agentId} --type ${agentType}`;
}

/** The token, shown this once. */
export function AgentAdded(props: { registered: RegisteredAgent; hubUrl: string }) {
  const { agentId } = props.registered;
  return (
    <>
      <DialogHead title={`${agentId} is registered`} />
      <p class="soft" data-keep-dialog>
        Run this where its program is installed, in the folder it should work in. The token is shown{' '}
        <b>only now</b>; whoever has it can connect as this agent.
      </p>
      <Copyable
        id="start-line"
        label="Command line"
        text={startLine(props.registered, props.hubUrl)}
      />
      <details class="more">
        <summary>Only the token</summary>
        <Copyable id="token-line" label="Token" text={props.registered.token} />
      </details>
      <div class="dialog-foot">
        <button class="button" type="button" data-close-dialog>
          Done
        </button>
        <a class="button button-first" href={agentAddress(agentId)}>
          Go to {agentId}
        </a>
      </div>
    </>
  );
}

/** Asks before an agent is revoked. */
export function RevokeForm({ agentId, refusal }: { agentId: string; refusal?: string }) {
  return (
    <>
      <DialogHead title={`Revoke ${agentId}?`} />
      {refusal && <Notice kind="refused" text={refusal} />}
      <p class="soft">
        Its token stops working and its connection is closed at once. What it ran stays in the
        history. To bring it back, add it again with a new token.
      </p>
      <form
        class="dialog-foot"
        hx-post={`${agentAddress(agentId)}/revoke`}
        hx-target="#dialog-body"
        hx-disable="find button"
      >
        <button class="button" type="button" data-close-dialog autofocus>
          Keep it
        </button>
        <button class="button button-danger-first" type="submit">
          Revoke
        </button>
      </form>
    </>
  );
}
