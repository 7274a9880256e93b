// The dialogs that add an API token and show it once.
import type { Role } from '../../src/protocol/entities.ts';
import type { CreatedApiToken } from '../../src/protocol/tokens.ts';
import { apiTokensUrl } from '../urls.ts';
import { Copyable } from './copyable.tsx';
import { CloseButton, DialogHeader } from './dialog.tsx';
import { Notice } from './notice.tsx';
import { RoleChoice } from './role-choice.tsx';
import { TokenExpiry } from './token-expiry.tsx';

interface AddApiTokenProps {
  /** The user's role: a token cannot have a higher one. */
  role: Role;
  name?: string;
  scope?: Role;
  expiresInDays?: string;
  error?: string;
}

/** The form for the name, scope and expiry. */
export function AddApiTokenForm(props: AddApiTokenProps) {
  const { role, name = '', scope = 'viewer', expiresInDays = '90', error } = props;
  return (
    <>
      <DialogHeader title="Add API token" />
      {error && <Notice kind="error" text={error} />}
      <form hx-post={apiTokensUrl} hx-target="#dialog-body" hx-disable="find button">
        <label class="field">
          <span>
            Name <small>What uses the token</small>
          </span>
          <input
            name="name"
            value={name}
            placeholder="Nightly build"
            maxlength={64}
            autocomplete="off"
            required
            autofocus
          />
        </label>
        <RoleChoice role={scope} highest={role} />
        <TokenExpiry value={expiresInDays} />
        <div class="dialog-footer">
          <CloseButton>Cancel</CloseButton>
          <button class="button button-primary" type="submit">
            Add token
          </button>
        </div>
      </form>
    </>
  );
}

/** The token that was added. The hub stores only a hash of it, so it is shown once. */
export function ApiTokenAdded({ created }: { created: CreatedApiToken }) {
  return (
    <>
      <DialogHeader title={`${created.name} added`} />
      <p class="muted" data-keep-dialog>
        The token is shown <b>only once</b>. Anyone who has it can act as you, with the role{' '}
        {created.scope}. Set it as <b class="mono">SIGNALBOX_TOKEN</b>, or send it in the header{' '}
        <b class="mono">Authorization: Bearer</b>.
      </p>
      <Copyable id="api-token" label="API token" text={created.token} />
      <div class="dialog-footer">
        <CloseButton>Done</CloseButton>
      </div>
    </>
  );
}
