// The pages on which a user chooses a password: at setup, and with a link from an admin. Plain forms, no scripts.
import { NewPasswordFields } from '../components/password-fields.tsx';
import { type PageContext, SignInLayout } from '../components/layout.tsx';
import { Notice } from '../components/notice.tsx';

/** The username of the first account. */
export const ADMIN = 'admin';

interface ChoosePasswordProps {
  context: PageContext;
  /** The token of the link. */
  token: string;
  error?: string | undefined;
}

/** The page at `/setup`. */
export function SetupPage({ context, token, error }: ChoosePasswordProps) {
  return (
    <SignInLayout context={context} title="Set up">
      <h1>Welcome to Signalbox</h1>
      <p class="muted">
        Choose a password for the first account, <b class="mono">{ADMIN}</b>. This account has full
        access.
      </p>
      <PasswordForm action="/setup" username={ADMIN} token={token} error={error} />
    </SignInLayout>
  );
}

/** The page at `/setup` without a valid token: the link has been used, or is from an earlier start of the hub. */
export function UsedSetupLinkPage({ context }: { context: PageContext }) {
  return (
    <SignInLayout context={context} title="Set up">
      <h1>Invalid setup link</h1>
      <p class="muted">
        This link has already been used. If you have not chosen a password yet, open the latest
        setup link from the hub's log.
      </p>
      <SignInLink />
    </SignInLayout>
  );
}

/** The page at `/password`. */
export function ChoosePasswordPage(props: ChoosePasswordProps & { username: string }) {
  const { context, token, username, error } = props;
  return (
    <SignInLayout context={context} title="Choose a password">
      <h1>Choose a password</h1>
      <p class="muted">
        For the account <b class="mono">{username}</b>. The link works once.
      </p>
      <PasswordForm action="/password" username={username} token={token} error={error} />
    </SignInLayout>
  );
}

/** The page at `/password` without a valid token. */
export function EndedPasswordLinkPage({ context }: { context: PageContext }) {
  return (
    <SignInLayout context={context} title="Choose a password">
      <h1>Link not valid</h1>
      <p class="muted">
        This link has already been used, or has expired. Ask an admin for a new one.
      </p>
      <SignInLink />
    </SignInLayout>
  );
}

interface PasswordFormProps {
  action: string;
  username: string;
  token: string;
  error: string | undefined;
}

function PasswordForm({ action, username, token, error }: PasswordFormProps) {
  return (
    <>
      {error && <Notice kind="error" text={error} />}
      <form method="post" action={action}>
        <input type="hidden" name="token" value={token} />
        <input type="hidden" name="username" value={username} autocomplete="username" />
        <NewPasswordFields label="Password" autofocus />
        <button class="button button-primary button-wide" type="submit">
          Set password and sign in
        </button>
      </form>
    </>
  );
}

function SignInLink() {
  return (
    <a class="button button-primary button-wide" href="/login">
      Sign in
    </a>
  );
}
