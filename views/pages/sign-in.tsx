// The sign-in page, and the setup page where the admin chooses a password. Plain forms, no scripts.
import { PASSWORD_MIN_LENGTH } from '../../src/protocol/limits.ts';
import { type PageContext, SignInLayout } from '../components/layout.tsx';
import { Notice } from '../components/notice.tsx';

/** The username of the first account. */
export const ADMIN = 'admin';
/** The minimum length of a new password. */

interface SignInProps {
  context: PageContext;
  /** The path to continue to after sign-in. */
  next: string;
  username?: string;
  error?: string;
}

/** The page at `/login`. */
export function SignInPage({ context, next, username, error }: SignInProps) {
  return (
    <SignInLayout context={context} title="Sign in">
      <h1>Sign in</h1>
      {error && <Notice kind="error" text={error} />}
      <form method="post" action="/login">
        <input type="hidden" name="next" value={next} />
        <label class="field">
          <span>Username</span>
          <input
            name="username"
            value={username ?? ''}
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            maxlength={128}
            required
            autofocus={!username}
          />
        </label>
        <label class="field">
          <span>Password</span>
          <input
            name="password"
            type="password"
            autocomplete="current-password"
            maxlength={1024}
            required
            autofocus={!!username}
          />
        </label>
        <button class="button button-primary button-wide" type="submit">
          Sign in
        </button>
      </form>
    </SignInLayout>
  );
}

interface SetupProps {
  context: PageContext;
  /** The token of the setup link, which the hub logs at its first start. */
  token: string;
  error?: string;
}

/** The page at `/setup`. */
export function SetupPage({ context, token, error }: SetupProps) {
  return (
    <SignInLayout context={context} title="Set up">
      <h1>Welcome to Signalbox</h1>
      <p class="muted">
        Choose a password for the first account, <b class="mono">{ADMIN}</b>. This account has full
        access.
      </p>
      {error && <Notice kind="error" text={error} />}
      <form method="post" action="/setup">
        <input type="hidden" name="token" value={token} />
        <input type="hidden" name="username" value={ADMIN} autocomplete="username" />
        <NewPassword
          name="password"
          label="Password"
          hint={`At least ${PASSWORD_MIN_LENGTH} characters`}
        />
        <NewPassword name="confirmation" label="Confirm password" />
        <button class="button button-primary button-wide" type="submit">
          Set password and sign in
        </button>
      </form>
    </SignInLayout>
  );
}

function NewPassword(props: { name: string; label: string; hint?: string }) {
  return (
    <label class="field">
      <span>
        {props.label}
        {props.hint && <small>{props.hint}</small>}
      </span>
      <input
        name={props.name}
        type="password"
        autocomplete="new-password"
        minlength={PASSWORD_MIN_LENGTH}
        maxlength={1024}
        required
        autofocus={props.name === 'password'}
      />
    </label>
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
      <a class="button button-primary button-wide" href="/login">
        Sign in
      </a>
    </SignInLayout>
  );
}
