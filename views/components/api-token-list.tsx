// The panel of the user's API tokens on the account page.
import { DialogButton } from './dialog.tsx';
import type { ApiTokenSummary } from '../../src/protocol/tokens.ts';
import { REFRESH, triggerOn } from '../events.ts';
import { apiTokensUrl } from '../urls.ts';
import { Expiry, LastUse } from './token-facts.tsx';

/** The list is loaded again after every change. */
export function ApiTokenList({ tokens, now }: { tokens: ApiTokenSummary[]; now: number }) {
  return (
    <section
      class="panel"
      id="api-tokens"
      aria-labelledby="api-tokens-title"
      hx-get={apiTokensUrl}
      hx-trigger={triggerOn(REFRESH)}
      hx-swap="outerMorph"
    >
      <h2 id="api-tokens-title">
        API tokens <span class="badge">{tokens.length}</span>
      </h2>
      <p class="hint">For scripts and CI. Changing your password does not revoke them.</p>
      <ul class="rows">
        {tokens.map((token) => (
          <ApiTokenRow key={token.id} token={token} now={now} />
        ))}
      </ul>
      <DialogButton url="/dialogs/add-api-token">Add token</DialogButton>
    </section>
  );
}

function ApiTokenRow({ token, now }: { token: ApiTokenSummary; now: number }) {
  return (
    <li class="row token">
      <div>
        <p>
          <b>{token.name}</b>
          <span class="badge">{token.scope}</span>
        </p>
        <p class="hint">
          <LastUse at={token.lastUsedAt} />
          {token.lastAddress !== null && ` from ${token.lastAddress}`} ·{' '}
          <Expiry at={token.expiresAt} now={now} />
        </p>
      </div>
      <form
        hx-post={`${apiTokensUrl}/${encodeURIComponent(token.id)}/revoke`}
        hx-target="#api-tokens"
        hx-swap="outerHTML"
        hx-disable="find button"
        hx-confirm={`Revoke ${token.name}? What uses it stops working.`}
      >
        <button class="button button-small button-danger" type="submit">
          Revoke
        </button>
      </form>
    </li>
  );
}
