// The field for a code of two-factor sign-in.
import { CODE_LENGTH } from '../../src/protocol/limits.ts';

/** The field `code`. */
export function CodeField({ hint, autofocus }: { hint: string; autofocus?: boolean }) {
  return (
    <label class="field">
      <span>
        Code
        <small>{hint}</small>
      </span>
      <input
        name="code"
        class="mono"
        autocomplete="one-time-code"
        autocapitalize="none"
        spellcheck={false}
        maxlength={CODE_LENGTH}
        required
        autofocus={autofocus}
      />
    </label>
  );
}
