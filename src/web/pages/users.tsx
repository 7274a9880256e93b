// The page of the users, with its fragments and forms, for admins.
import { Elysia } from 'elysia';
import { Value } from '@sinclair/typebox/value';
import type { Hub } from '../../hub/hub.ts';
import type { Identity } from '../../hub/state/dashboard.ts';
import { Role } from '../../protocol/entities.ts';
import { HubError } from '../../protocol/errors.ts';
import { Grants } from '../../protocol/grants.ts';
import { UserBody, type UserSummary } from '../../protocol/users.ts';
import {
  AddUserForm,
  ManageUser,
  PasswordLinkCreated,
} from '../../../views/components/user-dialogs.tsx';
import { REFRESH } from '../../../views/events.ts';
import { UserList, UsersPage } from '../../../views/pages/users.tsx';
import { createPasswordLink } from '../password-link.ts';
import { parseNames, readField } from './form.ts';
import type { RequireUser } from './guard.tsx';
import { redirect, renderDocument, renderFragment } from './response.ts';

const TRIGGER_REFRESH = { headers: { 'hx-trigger': REFRESH } };

export function createUserPages(
  { accounts, viewFor }: Hub,
  requireUser: RequireUser,
  { publicUrl }: { publicUrl: string | null },
) {
  const createLink = (actor: Identity, username: string, request: Request) =>
    createPasswordLink({ accounts }, actor, username, publicUrl ?? new URL(request.url).origin);

  async function find(actor: Identity, username: string): Promise<UserSummary> {
    const user = (await accounts.list(actor)).find((one) => one.username === username);
    if (!user) throw new HubError('user_unknown', `User "${username}" not found.`);
    return user;
  }

  /**
   * Changes a user, and renders the dialog again with the result.
   * @param entered the fields of the form, to keep them if they are rejected
   */
  async function change(
    actor: Identity,
    username: string,
    work: () => Promise<string>,
    entered?: { role: Role; agents: string },
  ): Promise<Response> {
    try {
      const text = await work();
      const user = await find(actor, username);
      return renderFragment(
        <ManageUser user={user} notice={{ kind: 'success', text }} />,
        TRIGGER_REFRESH,
      );
    } catch (error) {
      if (!(error instanceof HubError) || error.code === 'user_unknown') throw error;
      const user = await find(actor, username);
      const { error: text, agentsError } = toFormErrors(error);
      const view = (
        <ManageUser
          user={user}
          {...(text !== undefined && { notice: { kind: 'error', text } })}
          {...(entered && { form: { ...entered, agentsError } })}
        />
      );
      return renderFragment(view, { status: 422 });
    }
  }

  return new Elysia({ name: 'pages/users' })
    .get('/users', ({ request }) =>
      requireUser(request, async (user) => {
        const users = await accounts.list(user);
        return renderDocument(
          request,
          (context) => <UsersPage {...{ context, user, users }} />,
          viewFor(user).menu(),
        );
      }),
    )
    .get('/users/list', ({ request }) =>
      requireUser(request, async (user) =>
        request.headers.has('hx-request')
          ? renderFragment(<UserList user={user} users={await accounts.list(user)} />)
          : redirect(request, '/users'),
      ),
    )
    .get('/dialogs/add-user', ({ request }) =>
      requireUser(request, () => renderFragment(<AddUserForm />)),
    )
    .post('/users', ({ request, body }) =>
      requireUser(request, async (user) => {
        const username = readField(body, 'username').trim();
        const role = readRole(body);
        const renderForm = (errors: { error?: string; agentsError?: string }) => {
          const fields = { username, role, agents: readField(body, 'agents'), ...errors };
          return renderFragment(<AddUserForm {...fields} />, { status: 422 });
        };
        try {
          const added = { username, role, agents: parseGrants(body) };
          if (!Value.Check(UserBody, added)) return renderForm({ error: INVALID_USERNAME });
          await accounts.add(user, added);
        } catch (error) {
          if (error instanceof HubError) return renderForm(toFormErrors(error));
          throw error;
        }
        const link = await createLink(user, username, request);
        const view = <PasswordLinkCreated title={`${username} added`} link={link} />;
        return renderFragment(view, TRIGGER_REFRESH);
      }),
    )
    .get('/users/:username/manage', ({ request, params }) =>
      requireUser(request, async (user) =>
        renderFragment(<ManageUser user={await find(user, params.username)} />),
      ),
    )
    .post('/users/:username/access', ({ request, params: { username }, body }) =>
      requireUser(request, (user) =>
        change(
          user,
          username,
          async () => {
            const before = await find(user, username);
            const { lastSeenAt } = await accounts.change(user, username, {
              role: readRole(body),
              agents: parseGrants(body),
            });
            const wasSignedOut = before.lastSeenAt !== null && lastSeenAt === null;
            return wasSignedOut ? `Access changed. ${username} was signed out.` : 'Access changed.';
          },
          { role: readRole(body), agents: readField(body, 'agents') },
        ),
      ),
    )
    .post('/users/:username/disable', ({ request, params: { username } }) =>
      requireUser(request, (user) =>
        change(user, username, async () => {
          await accounts.change(user, username, { disabled: true });
          return 'Disabled and signed out everywhere.';
        }),
      ),
    )
    .post('/users/:username/enable', ({ request, params: { username } }) =>
      requireUser(request, (user) =>
        change(user, username, async () => {
          await accounts.change(user, username, { disabled: false });
          return 'Enabled.';
        }),
      ),
    )
    .post('/users/:username/reset-two-factor', ({ request, params: { username } }) =>
      requireUser(request, (user) =>
        change(user, username, async () => {
          await accounts.change(user, username, { twoFactor: false });
          return 'Two-factor sign-in is off.';
        }),
      ),
    )
    .post('/users/:username/password-link', ({ request, params: { username } }) =>
      requireUser(request, async (user) => {
        const link = await createLink(user, username, request);
        return renderFragment(<PasswordLinkCreated title="Password link" link={link} />);
      }),
    )
    .post('/users/:username/remove', ({ request, params: { username } }) =>
      requireUser(request, async (user) => {
        try {
          await accounts.remove(user, username);
          return redirect(request, '/users');
        } catch (error) {
          if (!(error instanceof HubError)) throw error;
          return change(user, username, () => Promise.reject(error));
        }
      }),
    );
}

const INVALID_USERNAME =
  'A username must start with a lowercase letter or a digit. It can contain up to 64 lowercase letters, digits and the characters . _ @ + -';

const INVALID_GRANTS =
  'List agents as IDs or as label:NAME, separated by commas, or leave the field empty for all agents.';

/** What is wrong with the agents is shown at their field. */
class InvalidGrants extends HubError {
  constructor() {
    super('invalid_message', INVALID_GRANTS);
  }
}

function toFormErrors(error: HubError): { error?: string; agentsError?: string } {
  const isAboutAgents = error instanceof InvalidGrants || error.code === 'agent_unknown';
  return isAboutAgents ? { agentsError: error.message } : { error: error.message };
}

/**
 * Parses the agents of a user; null for all.
 * @throws {InvalidGrants}
 */
function parseGrants(form: unknown): Grants {
  const names = parseNames(readField(form, 'agents'));
  const grants = names.length === 0 ? null : names;
  if (Value.Check(Grants, grants)) return grants;
  throw new InvalidGrants();
}

/** @throws {HubError} invalid_message */
function readRole(form: unknown): Role {
  const role = readField(form, 'role');
  if (Value.Check(Role, role)) return role;
  throw new HubError('invalid_message', 'Choose a role.');
}
