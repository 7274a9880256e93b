// The account of the signed-in user: password, sessions and API tokens.
import type { SessionSummary } from '../../src/protocol/api.ts';
import type { ApiTokenSummary } from '../../src/protocol/tokens.ts';
import { ApiTokenList } from '../components/api-token-list.tsx';
import { CurrentPasswordField, NewPasswordFields } from '../components/password-fields.tsx';
import { Notice } from '../components/notice.tsx';
import { Page, type PageContext, type User } from '../components/layout.tsx';
import { TwoFactorPanel } from '../components/two-factor.tsx';
import { Timestamp } from '../components/timestamp.tsx';
import { describeUserAgent } from '../format/user-agent.ts';
import { sessionUrl } from '../urls.ts';

interface AccountPageProps {
  context: PageContext;
  user: User;
  sessions: SessionSummary[];
  /** The number of recovery codes left; null if two-factor sign-in is off. */
  recoveryCodes: number | null;
  /** Whether the identity provider manages the password. */
  hasSingleSignOn: boolean;
  tokens: ApiTokenSummary[];
  now: number;
}

/** The page at `/account`. */
export function AccountPage(props: AccountPageProps) {
  const { context, user, sessions, recoveryCodes, hasSingleSignOn, tokens, now } = props;
  return (
    <Page context={context} user={user} title="Account" section="account">
      <div class="page-header">
        <h1>Account</h1>
        <p class="muted">
          Signed in as <b class="mono">{user.userId}</b>, {user.role}
        </p>
      </div>
      <div class="account">
        <div>
          <SessionList sessions={sessions} />
          <ApiTokenList tokens={tokens} now={now} />
        </div>
        {hasSingleSignOn ? (
          <section class="panel">
            <h2>Single sign-on</h2>
            <p class="muted">Your identity provider manages your password and your role.</p>
          </section>
        ) : (
          <div class="panels">
            <PasswordPanel />
            <TwoFactorPanel recoveryCodes={recoveryCodes} />
          </div>
        )}
      </div>
    </Page>
  );
}

/** The form that changes the password. It is replaced by the response. */
export function PasswordPanel({ error, isChanged }: { error?: string; isChanged?: boolean }) {
  return (
    <section class="panel" id="password" aria-labelledby="password-title">
      <h2 id="password-title">Change password</h2>
      {error && <Notice kind="error" text={error} />}
      {isChanged && <Notice kind="success" text="Password changed. Other sessions were ended." />}
      <form
        hx-post="/account/password"
        hx-target="#password"
        hx-swap="outerHTML"
        hx-disable="find button"
      >
        <CurrentPasswordField />
        <NewPasswordFields label="New password" />
        <button class="button button-primary" type="submit">
          Change password
        </button>
      </form>
    </section>
  );
}

/** The sessions of the user. The list is replaced by the response to each form. */
export function SessionList({ sessions }: { sessions: SessionSummary[] }) {
  return (
    <section class="panel" id="sessions" aria-labelledby="sessions-title">
      <h2 id="sessions-title">
        Sessions <span class="badge">{sessions.length}</span>
      </h2>
      <ul class="rows">
        {sessions.map((session) => (
          <SessionRow key={session.id} session={session} />
        ))}
      </ul>
      <form hx-post="/account/sessions/end" hx-confirm="Sign out everywhere, also here?">
        <button class="button button-danger" type="submit">
          Sign out everywhere
        </button>
      </form>
    </section>
  );
}

function SessionRow({ session }: { session: SessionSummary }) {
  return (
    <li class="row account-session">
      <div>
        <p title={session.userAgent ?? undefined}>
          <b>{describeUserAgent(session.userAgent)}</b>
          {session.isCurrent && <span class="badge">This session</span>}
        </p>
        <p class="hint">
          {session.address ?? 'Unknown address'} · signed in <Timestamp at={session.createdAt} /> ·
          last used <Timestamp at={session.lastSeenAt} />
        </p>
      </div>
      {!session.isCurrent && (
        <form
          hx-post={`${sessionUrl(session.id)}/end`}
          hx-target="#sessions"
          hx-swap="outerHTML"
          hx-disable="find button"
        >
          <button class="button button-small" type="submit">
            Sign out
          </button>
        </form>
      )}
    </li>
  );
}
