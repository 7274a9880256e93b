// The sign-in page. A plain form, no scripts. It has no `action`, so that it is sent to the address of the page, with its
// fragment: the redirect after the sign-in then continues at this fragment.
import { type PageContext, SignInLayout } from '../components/layout.tsx';
import { CodeField } from '../components/code-field.tsx';
import { Notice } from '../components/notice.tsx';
import { providerUrl } from '../urls.ts';

interface SignInProps {
  context: PageContext;
  /** The path to continue to after sign-in. */
  next: string;
  /** The name of the identity provider; null without single sign-on. */
  providerName: string | null;
  username?: string;
  error?: string;
  /** Whether the user was signed out because an admin changed the role or the agents. */
  hasAccessChanged?: boolean;
}

/** The page at `/login`. */
export function SignInPage(props: SignInProps) {
  const { context, next, providerName, username, error, hasAccessChanged } = props;
  return (
    <SignInLayout context={context} title="Sign in">
      <h1>Sign in</h1>
      {error && <Notice kind="error" text={error} />}
      {hasAccessChanged && <Notice kind="other" text="Your access changed. Sign in again." />}
      <form method="post">
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
      {providerName !== null && (
        <a class="button button-wide sign-in-provider" href={providerUrl(next)}>
          Sign in with {providerName}
        </a>
      )}
    </SignInLayout>
  );
}

interface SignInCodeProps {
  context: PageContext;
  next: string;
  /** Identifies the sign-in that the code finishes. */
  token: string;
  error?: string;
  /** Where the form is sent to, if the page is not at `/login`. */
  action?: string | undefined;
}

/** The second step of a sign-in. */
export function SignInCodePage({ context, next, token, error, action }: SignInCodeProps) {
  return (
    <SignInLayout context={context} title="Sign in">
      <h1>Two-factor sign-in</h1>
      {error && <Notice kind="error" text={error} />}
      <form method="post" action={action}>
        <input type="hidden" name="token" value={token} />
        <input type="hidden" name="next" value={next} />
        <CodeField hint="From your app, or a recovery code" autofocus />
        <button class="button button-primary button-wide" type="submit">
          Sign in
        </button>
      </form>
    </SignInLayout>
  );
}
