// The choice of a user's role.
import { hasRole, Role } from '../../src/protocol/entities.ts';

const roles = Role.anyOf.map(({ const: role }) => role);

/** What each role may do, in a few words. */
const roleTexts: Record<Role, string> = {
  viewer: 'Sees agents, commands and output',
  operator: 'Also sends commands, responds to approvals and reverts files',
  admin: 'Also manages agents and users',
};

/** @param highest roles above it cannot be chosen */
export function RoleChoice({ role, highest = 'admin' }: { role: Role; highest?: Role }) {
  return (
    <fieldset class="field">
      <legend>Role</legend>
      <div class="choices choices-column">
        {roles
          .filter((one) => hasRole(highest, one))
          .map((one) => (
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
