// The pages after a sign-in with the identity provider. They load no scripts.
import { type PageContext, SignInLayout } from '../components/layout.tsx';
import { Notice } from '../components/notice.tsx';

/** Continues by itself. This makes the hub's own site the origin of the next request. */
export function SignedInPage({ context, next }: { context: PageContext; next: string }) {
  return (
    <SignInLayout context={context} title="Signed in" continueTo={next}>
      <h1>Signed in</h1>
      <a class="button button-primary button-wide" href={next}>
        Continue
      </a>
    </SignInLayout>
  );
}

/** Why the identity provider or the hub did not sign the user in. */
export function SignInFailedPage({ context, message }: { context: PageContext; message: string }) {
  return (
    <SignInLayout context={context} title="Not signed in">
      <h1>Not signed in</h1>
      <Notice kind="error" text={message} />
      <a class="button button-primary button-wide" href="/login">
        Back to sign-in
      </a>
    </SignInLayout>
  );
}
