// The choice of a user's role.
import { Role } from '../../src/protocol/entities.ts';

/** What each role may do, in a few words. */
const roleTexts: Record<Role, string> = {
  viewer: 'Sees agents, commands and output',
  operator: 'Also sends commands and responds to approvals',
  admin: 'Also manages agents and users',
};

export function RoleChoice({ role }: { role: Role }) {
  return (
    <fieldset class="field">
      <legend>Role</legend>
      <div class="choices choices-column">
        {Role.anyOf.map(({ const: one }) => (
          <label key={one} class="choice">
            <input type="radio" name="role" value={one} checked={one === role} />
            <span>
              {one} <small>{roleTexts[one]}</small>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
