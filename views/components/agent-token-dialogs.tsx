// The dialogs that list the tokens of an agent, add one, and show it once.
import type { AgentTokenSummary, CreatedAgentToken } from '../../src/protocol/tokens.ts';
import { agentTokensUrl } from '../urls.ts';
import { Copyable } from './copyable.tsx';
import { CloseButton, DialogButton, DialogHeader } from './dialog.tsx';
import { Notice, type NoticeKind } from './notice.tsx';
import { Timestamp } from './timestamp.tsx';
import { TokenExpiry } from './token-expiry.tsx';
import { Expiry, LastUse } from './token-facts.tsx';

interface AgentTokensProps {
  agentId: string;
  tokens: AgentTokenSummary[];
  now: number;
  notice?: { kind: NoticeKind; text: string };
  /** What was entered, if it was rejected. */
  form?: { name: string; expiresInDays: string };
}

/** The tokens of an agent, and the form that adds one. */
export function AgentTokens({ agentId, tokens, now, notice, form }: AgentTokensProps) {
  return (
    <>
      <DialogHeader title={`Tokens of ${agentId}`} />
      {notice && <Notice {...notice} />}
      <ul class="rows token-list">
        {tokens.map((token) => (
          <AgentTokenRow key={token.id} token={token} now={now} />
        ))}
      </ul>
      {tokens.length === 0 && <p class="muted">This agent has no token. It cannot connect.</p>}
      <hr />
      <form hx-post={agentTokensUrl(agentId)} hx-target="#dialog-body" hx-disable="find button">
        <label class="field">
          <span>
            Name <small>Optional</small>
          </span>
          <input
            name="name"
            value={form?.name ?? ''}
            placeholder="Laptop"
            maxlength={64}
            autocomplete="off"
          />
        </label>
        <TokenExpiry value={form?.expiresInDays ?? ''} canBeNever />
        <div class="dialog-footer">
          <CloseButton>Close</CloseButton>
          <button class="button button-primary" type="submit">
            Add token
          </button>
        </div>
      </form>
    </>
  );
}

function AgentTokenRow({ token, now }: { token: AgentTokenSummary; now: number }) {
  return (
    <li class="row token">
      <div>
        <p>
          <b>{token.name ?? 'Unnamed token'}</b>
          {token.isInUse && <span class="badge">Connected</span>}
        </p>
        <p class="hint">
          Added by {token.createdBy} <Timestamp at={token.createdAt} /> ·{' '}
          <LastUse at={token.lastUsedAt} /> · <Expiry at={token.expiresAt} now={now} />
        </p>
      </div>
      <form
        hx-post={`${agentTokensUrl(token.agentId)}/${encodeURIComponent(token.id)}/revoke`}
        hx-target="#dialog-body"
        hx-disable="find button"
        hx-confirm={
          token.isInUse
            ? 'Revoke this token? The agent is connected with it, and is disconnected.'
            : 'Revoke this token?'
        }
      >
        <button class="button button-small button-danger" type="submit">
          Revoke
        </button>
      </form>
    </li>
  );
}

/** The token that was added. The hub stores only a hash of it, so it is shown once. */
export function AgentTokenAdded({ created }: { created: CreatedAgentToken }) {
  const { agentId, token } = created;
  return (
    <>
      <DialogHeader title="Token added" />
      <p class="muted" data-keep-dialog>
        The token is shown <b>only once</b>. Anyone who has it can connect as <b>{agentId}</b>.
        Write it to the agent's token file, then revoke the old token: the agent reconnects with the
        new one. An agent without a token file must be restarted.
      </p>
      <Copyable id="agent-token" label="Agent token" text={token} />
      <div class="dialog-footer">
        <DialogButton url={agentTokensUrl(agentId)}>Show all tokens</DialogButton>
        <CloseButton>Done</CloseButton>
      </div>
    </>
  );
}
