// The fields for the current password, and for a new one and its confirmation.
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../../src/protocol/limits.ts';

/** The fields `password` and `confirmation`. @param label the label of the first one */
export function NewPasswordFields({ label, autofocus }: { label: string; autofocus?: boolean }) {
  const limits = {
    type: 'password' as const,
    autocomplete: 'new-password',
    minlength: PASSWORD_MIN_LENGTH,
    maxlength: PASSWORD_MAX_LENGTH,
    required: true,
  };
  return (
    <>
      <label class="field">
        <span>
          {label}
          <small>At least {PASSWORD_MIN_LENGTH} characters</small>
        </span>
        <input name="password" autofocus={autofocus} {...limits} />
      </label>
      <label class="field">
        <span>Confirm password</span>
        <input name="confirmation" {...limits} />
      </label>
    </>
  );
}

/** The field `currentPassword`. */
export function CurrentPasswordField() {
  return (
    <label class="field">
      <span>Current password</span>
      <input
        name="currentPassword"
        type="password"
        autocomplete="current-password"
        maxlength={PASSWORD_MAX_LENGTH}
        required
      />
    </label>
  );
}
