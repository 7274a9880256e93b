// The agents that a user may see and use, as text: IDs and labels, separated by commas or spaces.
import type { Grants } from '../../src/protocol/grants.ts';

/** The text of grants; empty for all agents. */
export function formatGrants(agents: Grants): string {
  return agents?.join(', ') ?? '';
}

/** @param error why the value was rejected */
export function GrantsField({ value, error }: { value: string; error?: string | undefined }) {
  return (
    <label class="field">
      <span>
        Agents <small>Empty for all; does not apply to admins</small>
      </span>
      <input
        name="agents"
        class="mono"
        value={value}
        placeholder="build-server, label:team-a"
        autocapitalize="none"
        autocomplete="off"
        spellcheck={false}
        aria-describedby={error ? 'agents-error agents-hint' : 'agents-hint'}
        aria-invalid={error ? 'true' : undefined}
        autofocus={error !== undefined}
      />
      {error && (
        <small id="agents-error" class="field-error" role="alert">
          {error}
        </small>
      )}
      <small id="agents-hint">
        IDs, separated by commas. <code>label:team-a</code> stands for all agents with the label{' '}
        <code>team-a</code>.
      </small>
    </label>
  );
}
