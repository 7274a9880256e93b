// Two-factor sign-in on the account page. Each form replaces the panel with its response.
import type { ComponentChildren } from 'preact';
import { CodeField } from './code-field.tsx';
import { Copyable } from './copyable.tsx';
import { CurrentPasswordField } from './password-fields.tsx';
import { Notice, type NoticeKind } from './notice.tsx';
import { QrCode } from './qr-code.tsx';

interface PanelNotice {
  kind: NoticeKind;
  text: string;
}

interface TwoFactorPanelProps {
  /** The number of recovery codes left; null if two-factor sign-in is off. */
  recoveryCodes: number | null;
  notice?: PanelNotice;
}

const swap = { 'hx-target': '#two-factor', 'hx-swap': 'outerHTML', 'hx-disable': 'find button' };

/** Two-factor sign-in is on or off. */
export function TwoFactorPanel({ recoveryCodes, notice }: TwoFactorPanelProps) {
  if (recoveryCodes === null) {
    return (
      <Panel notice={notice}>
        <p class="muted">
          Off. With it, signing in needs your password and a code from an authenticator app.
        </p>
        <form hx-post="/account/two-factor/setup" {...swap}>
          <button class="button" type="submit">
            Set up two-factor sign-in
          </button>
        </form>
      </Panel>
    );
  }
  return (
    <Panel notice={notice}>
      <p class="muted">
        On. Recovery codes left: <b>{recoveryCodes}</b>. For new ones, turn it off and set it up
        again.
      </p>
      <form hx-post="/account/two-factor/off" {...swap}>
        <CurrentPasswordField />
        <CodeField hint="From your app, or a recovery code" />
        <button class="button button-danger" type="submit">
          Turn off
        </button>
      </form>
    </Panel>
  );
}

interface TwoFactorSetupProps {
  secret: string;
  keyUri: string;
  notice?: PanelNotice;
}

/** The secret, and the form that confirms it with a code. */
export function TwoFactorSetup({ secret, keyUri, notice }: TwoFactorSetupProps) {
  return (
    <Panel notice={notice}>
      <p class="muted">
        Scan the QR code with an authenticator app, or enter the key. Then enter the code that the
        app shows.
      </p>
      <QrCode text={keyUri} label="QR code for the authenticator app" />
      <Copyable id="two-factor-key" label="Key" text={secret.replaceAll(/.{4}(?=.)/g, '$& ')} />
      <form hx-post="/account/two-factor" {...swap}>
        <CodeField hint="6 digits" autofocus />
        <div class="panel-footer">
          <button class="button" type="button" hx-get="/account/two-factor" {...swap}>
            Cancel
          </button>
          <button class="button button-primary" type="submit">
            Turn on
          </button>
        </div>
      </form>
    </Panel>
  );
}

/** The recovery codes. They are shown once. */
export function RecoveryCodes({ codes }: { codes: string[] }) {
  return (
    <Panel notice={{ kind: 'success', text: 'Two-factor sign-in is on.' }}>
      <p class="muted">
        Store these recovery codes in a safe place. Each one works <b>once</b> instead of a code
        from your app, if you lose it. They are not shown again.
      </p>
      <Copyable id="recovery-codes" label="Recovery codes" text={codes.join('\n')} />
      <button class="button" type="button" hx-get="/account/two-factor" {...swap}>
        I have stored them
      </button>
    </Panel>
  );
}

function Panel({
  notice,
  children,
}: {
  notice: PanelNotice | undefined;
  children: ComponentChildren;
}) {
  return (
    <section class="panel" id="two-factor" aria-labelledby="two-factor-title">
      <h2 id="two-factor-title">Two-factor sign-in</h2>
      {notice && <Notice {...notice} />}
      {children}
    </section>
  );
}
