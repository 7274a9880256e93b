// The agents that a user may see and use, as text: IDs and labels, separated by commas or spaces.
import type { Grants } from '../../src/protocol/grants.ts';

/** The text of grants; empty for all agents. */
export function formatGrants(agents: Grants): string {
  return agents?.join(', ') ?? '';
}

export function GrantsField({ value }: { value: string }) {
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
      />
    </label>
  );
}
