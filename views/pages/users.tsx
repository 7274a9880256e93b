// The users, for admins.
import { DialogButton } from '../components/dialog.tsx';
import type { UserSummary } from '../../src/protocol/users.ts';
import { formatGrants } from '../components/grants-field.tsx';
import { Icon } from '../components/icons.tsx';
import { Page, type PageContext, type User } from '../components/layout.tsx';
import { Timestamp } from '../components/timestamp.tsx';
import { REFRESH, triggerOn } from '../events.ts';
import { userUrl } from '../urls.ts';

interface UsersPageProps {
  context: PageContext;
  user: User;
  users: UserSummary[];
}

/** The page at `/users`. */
export function UsersPage({ context, user, users }: UsersPageProps) {
  return (
    <Page context={context} user={user} title="Users" section="users">
      <div class="page-header">
        <h1>Users</h1>
        <DialogButton url="/dialogs/add-user" kind="primary">
          <Icon name="plus" />
          Add user
        </DialogButton>
      </div>
      <UserList user={user} users={users} />
    </Page>
  );
}

/** The list updates itself after every change, and every 30 s. */
export function UserList({ user, users }: Omit<UsersPageProps, 'context'>) {
  return (
    <section
      id="users"
      aria-label="Users"
      hx-get="/users/list"
      hx-trigger={`${triggerOn(REFRESH)}, every 30s`}
      hx-swap="outerMorph"
    >
      <ul class="rows">
        {users.map((one) => (
          <UserRow key={one.username} user={one} isSelf={one.username === user.userId} />
        ))}
      </ul>
    </section>
  );
}

function UserRow({ user, isSelf }: { user: UserSummary; isSelf: boolean }) {
  return (
    <li class="row user" id={`user-${user.username}`}>
      <div class="user-name">
        <b class="mono">{user.username}</b>
        {isSelf && <span class="badge">You</span>}
        {user.hasSingleSignOn && <span class="badge">Single sign-on</span>}
        {user.hasTwoFactor && <span class="badge">Two-factor</span>}
        <UserAgents user={user} />
      </div>
      <span class="user-role">{user.role}</span>
      <span class="user-state">{isSelf ? 'Now' : <UserState user={user} />}</span>
      <DialogButton
        url={`${userUrl(user.username)}/manage`}
        kind="small"
        label={`Manage ${user.username}`}
      >
        Manage
      </DialogButton>
    </li>
  );
}

/** The agents to which a user is limited. */
function UserAgents({ user: { role, agents } }: { user: UserSummary }) {
  if (agents === null || role === 'admin') return null;
  return <p class="user-agents">Agents: {agents.length === 0 ? 'none' : formatGrants(agents)}</p>;
}

function UserState({ user }: { user: UserSummary }) {
  const { disabledAt, hasPassword, hasSingleSignOn, lastSeenAt } = user;
  if (disabledAt !== null) return <b class="user-disabled">Disabled</b>;
  if (!hasPassword && !hasSingleSignOn) return <>Invited, no password yet</>;
  if (lastSeenAt === null) return <>Signed out</>;
  return (
    <>
      Last seen <Timestamp at={lastSeenAt} />
    </>
  );
}
