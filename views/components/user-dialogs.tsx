// The dialogs that add a user, show a password link once, and manage a user.
import type { Role } from '../../src/protocol/entities.ts';
import type { PasswordLink, UserSummary } from '../../src/protocol/users.ts';
import { userUrl } from '../urls.ts';
import { Copyable } from './copyable.tsx';
import { CloseButton, DialogHeader } from './dialog.tsx';
import { formatGrants, GrantsField } from './grants-field.tsx';
import { Notice, type NoticeKind } from './notice.tsx';
import { RoleChoice } from './role-choice.tsx';

interface AddUserProps {
  username?: string;
  role?: Role;
  agents?: string;
  error?: string;
  /** Why the agents were rejected. */
  agentsError?: string;
}

/** The form for the username and the role. */
export function AddUserForm(props: AddUserProps) {
  const { username = '', role = 'operator', agents = '', error, agentsError } = props;
  return (
    <>
      <DialogHeader title="Add user" />
      {error && <Notice kind="error" text={error} />}
      <form hx-post="/users" hx-target="#dialog-body" hx-disable="find button">
        <label class="field">
          <span>
            Username <small>Lowercase; can be an email address</small>
          </span>
          <input
            name="username"
            class="mono"
            value={username}
            placeholder="ada"
            pattern="[a-z0-9][a-z0-9._@+\-]*"
            title="Start with a lowercase letter or a digit. Use lowercase letters, digits and the characters . _ @ + - only."
            maxlength={64}
            autocapitalize="none"
            autocomplete="off"
            spellcheck={false}
            required
            autofocus={agentsError === undefined}
          />
        </label>
        <RoleChoice role={role} />
        <GrantsField value={agents} error={agentsError} />
        <div class="dialog-footer">
          <CloseButton>Cancel</CloseButton>
          <button class="button button-primary" type="submit">
            Add user
          </button>
        </div>
      </form>
    </>
  );
}

/** A link with which a user chooses a password. It is shown once. */
export function PasswordLinkCreated({ title, link }: { title: string; link: PasswordLink }) {
  return (
    <>
      <DialogHeader title={title} />
      <p class="muted" data-keep-dialog>
        Send this link to <b class="mono">{link.username}</b> over a private channel. It works{' '}
        <b>once</b> and expires in 15 minutes. Anyone who has it can choose the password.
      </p>
      <Copyable id="password-link" label="Password link" text={link.url} />
      <div class="dialog-footer">
        <CloseButton>Done</CloseButton>
      </div>
    </>
  );
}

interface ManageUserProps {
  user: UserSummary;
  notice?: { kind: NoticeKind; text: string };
  /** What was entered, if it was rejected. */
  form?: { role: Role; agents: string; agentsError?: string | undefined };
}

/** Changes the role and the agents of a user, resets the password, and disables or removes the user. */
export function ManageUser({ user, notice, form }: ManageUserProps) {
  const url = userUrl(user.username);
  const isDisabled = user.disabledAt !== null;
  return (
    <>
      <DialogHeader title={user.username} />
      {notice && <Notice {...notice} />}
      <form hx-post={`${url}/access`} hx-target="#dialog-body" hx-disable="find button">
        {user.hasSingleSignOn ? (
          <input type="hidden" name="role" value={user.role} />
        ) : (
          <RoleChoice role={form?.role ?? user.role} />
        )}
        <GrantsField value={form?.agents ?? formatGrants(user.agents)} error={form?.agentsError} />
        <p class="hint">A change signs the user out.</p>
        <div class="dialog-footer">
          <button class="button button-primary" type="submit">
            Change access
          </button>
        </div>
      </form>
      <hr />
      <div class="user-actions">
        {!user.hasSingleSignOn && (
          <UserAction
            url={`${url}/password-link`}
            label={user.hasPassword ? 'Reset password' : 'Create password link'}
            text={
              user.hasPassword
                ? 'Creates a link to choose a new password. The old one works until then.'
                : 'Creates a link to choose a password, for example if the first one has expired.'
            }
            isUnavailable={isDisabled}
          />
        )}
        {user.hasTwoFactor && (
          <UserAction
            url={`${url}/reset-two-factor`}
            label="Turn off two-factor"
            text="For a user who lost the authenticator app and the recovery codes."
            confirm={`Turn off two-factor sign-in of ${user.username}?`}
          />
        )}
        <UserAction
          url={`${url}/${isDisabled ? 'enable' : 'disable'}`}
          label={isDisabled ? 'Enable' : 'Disable'}
          text={
            isDisabled
              ? 'The user can sign in again.'
              : 'Signs the user out everywhere and blocks signing in.'
          }
        />
        <UserAction
          url={`${url}/remove`}
          label="Remove"
          text={
            user.hasSingleSignOn
              ? 'Deletes the account. The user can sign in again, which adds it: disable the user to prevent that.'
              : 'Signs the user out everywhere and deletes the account. The history keeps the name.'
          }
          confirm={`Remove ${user.username}?`}
        />
      </div>
    </>
  );
}

interface UserActionProps {
  url: string;
  label: string;
  text: string;
  isUnavailable?: boolean;
  /** The question to confirm a dangerous action. */
  confirm?: string;
}

function UserAction({ url, label, text, isUnavailable, confirm }: UserActionProps) {
  return (
    <form
      hx-post={url}
      hx-target="#dialog-body"
      hx-disable="find button"
      {...(confirm !== undefined && { 'hx-confirm': confirm })}
    >
      <p class="muted">{text}</p>
      <button
        class={confirm === undefined ? 'button' : 'button button-danger'}
        type="submit"
        disabled={isUnavailable}
      >
        {label}
      </button>
    </form>
  );
}
