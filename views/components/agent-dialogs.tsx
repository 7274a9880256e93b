// The dialogs that add an agent, show its token once, and remove it.
import type { RegisteredAgent } from '../../src/protocol/api.ts';
import { agentEvent, REFRESH, triggerOn } from '../events.ts';
import { agentUrl } from '../urls.ts';
import { agentTypeLabels } from '../format/labels.ts';
import { Copyable } from './copyable.tsx';
import { CloseButton, DialogHeader } from './dialog.tsx';
import { Notice } from './notice.tsx';

interface AddAgentProps {
  agentId?: string;
  agentType?: string;
  error?: string;
}

/** The form for the agent's ID and its AI program. */
export function AddAgentForm({ agentId = '', agentType = 'claude', error }: AddAgentProps) {
  return (
    <>
      <DialogHeader title="Add agent" />
      {error && <Notice kind="error" text={error} />}
      <form hx-post="/agents" hx-target="#dialog-body" hx-disable="find button">
        <label class="field">
          <span>
            Agent ID <small>Letters, digits and the characters . _ -</small>
          </span>
          <input
            name="agentId"
            class="mono"
            value={agentId}
            placeholder="build-server"
            pattern="[A-Za-z0-9][A-Za-z0-9._\-]*"
            title="Start with a letter or a digit. Use letters, digits and the characters . _ - only."
            maxlength={64}
            autocapitalize="none"
            autocomplete="off"
            spellcheck={false}
            required
            autofocus
          />
        </label>
        <fieldset class="field">
          <legend>AI program</legend>
          <div class="choices">
            {Object.entries(agentTypeLabels).map(([type, label]) => (
              <label key={type} class="choice">
                <input type="radio" name="agentType" value={type} checked={type === agentType} />
                <span>{label}</span>
              </label>
            ))}
          </div>
        </fieldset>
        <div class="dialog-footer">
          <CloseButton>Cancel</CloseButton>
          <button class="button button-primary" type="submit">
            Add agent
          </button>
        </div>
      </form>
    </>
  );
}

/** Returns the command that starts the agent on its machine. */
export function formatStartCommand(registered: RegisteredAgent, hubUrl: string): string {
  const { token, agentId, agentType } = registered;
  return `SIGNALBOX_AGENT_TOKEN=${token} signalbox agent --hub ${hubUrl} --id ${agentId} --type ${agentType} --pty`;
}

/** The agent's token and start command. The hub stores only a hash of the token, so this is shown once. */
export function AgentAdded(props: { registered: RegisteredAgent; hubUrl: string }) {
  const { agentId, token } = props.registered;
  return (
    <>
      <DialogHeader title={`${agentId} added`} />
      <p class="muted" data-keep-dialog>
        Copy the hub's executable, <code>signalbox</code>, to the agent's machine first. Then run
        this command there, in the folder where the agent should work. The token is shown{' '}
        <b>only once</b>. Anyone who has it can connect as this agent.
      </p>
      <Copyable
        id="start-command"
        label="Start command"
        text={formatStartCommand(props.registered, props.hubUrl)}
      />
      <details class="disclosure">
        <summary>Show only the token</summary>
        <Copyable id="agent-token" label="Agent token" text={token} />
      </details>
      <AgentConnectionState agentId={agentId} isConnected={false} />
      <div class="dialog-footer">
        <CloseButton>Done</CloseButton>
        <a class="button button-primary" href={agentUrl(agentId)}>
          Go to {agentId}
        </a>
      </div>
    </>
  );
}

/** Whether an agent that was added is connected. It updates itself when that changes. */
export function AgentConnectionState(props: { agentId: string; isConnected: boolean }) {
  const { agentId, isConnected } = props;
  return (
    <p
      id="agent-connection"
      class={`agent-connection ${isConnected ? 'status-online' : 'muted'}`}
      role="status"
      hx-get={`${agentUrl(agentId)}/connection`}
      hx-trigger={triggerOn(agentEvent(agentId), REFRESH)}
      hx-target="this"
      hx-swap="outerMorph"
      hx-sync="this:queue last"
    >
      {isConnected ? `✓ ${agentId} is connected` : `Waiting for ${agentId} to connect…`}
    </p>
  );
}

/** The form for the labels of an agent. Users can be granted the agents with a label. */
export function AgentLabelsForm(props: { agentId: string; labels: string; error?: string }) {
  const { agentId, labels, error } = props;
  return (
    <>
      <DialogHeader title={`Labels of ${agentId}`} />
      {error && <Notice kind="error" text={error} />}
      <form
        hx-post={`${agentUrl(agentId)}/labels`}
        hx-target="#dialog-body"
        hx-disable="find button"
      >
        <label class="field">
          <span>
            Labels <small>Separated by commas</small>
          </span>
          <input
            name="labels"
            class="mono"
            value={labels}
            placeholder="team-a, linux"
            autocapitalize="none"
            autocomplete="off"
            spellcheck={false}
            autofocus
          />
        </label>
        <p class="muted">
          A user who is granted <code>label:team-a</code> sees and uses all agents with the label{' '}
          <code>team-a</code>.
        </p>
        <div class="dialog-footer">
          <CloseButton>Cancel</CloseButton>
          <button class="button button-primary" type="submit">
            Save labels
          </button>
        </div>
      </form>
    </>
  );
}

/** Asks for confirmation before an agent is removed. */
export function RemoveAgentForm({ agentId, error }: { agentId: string; error?: string }) {
  return (
    <>
      <DialogHeader title={`Remove ${agentId}?`} />
      {error && <Notice kind="error" text={error} />}
      <p class="muted">
        The agent is disconnected and its token stops working immediately. Its commands stay in the
        history. To reconnect it, add it again with a new token.
      </p>
      <form
        class="dialog-footer"
        hx-post={`${agentUrl(agentId)}/remove`}
        hx-target="#dialog-body"
        hx-disable="find button"
      >
        <CloseButton autofocus>Cancel</CloseButton>
        <button class="button button-danger-primary" type="submit">
          Remove agent
        </button>
      </form>
    </>
  );
}
