// The inbox: the pending approval requests of all agents, oldest first.
import { PAGE_LENGTH } from '../../src/protocol/limits.ts';
import { isPermitted } from '../../src/protocol/permissions.ts';
import { approvalsUrl } from '../urls.ts';
import { ApprovalCards, type PendingApproval } from '../components/approval-card.tsx';
import { Icon } from '../components/icons.tsx';
import { Page, type PageContext, type User } from '../components/layout.tsx';
import { StatusIndicator } from '../components/status.tsx';
import { ANY_APPROVAL, REFRESH, triggerOn } from '../events.ts';

interface ApprovalsProps {
  user: User;
  pending: PendingApproval[];
  /** The number of cards on the page. */
  limit?: number;
}

/** The page at `/approvals`. */
export function ApprovalsPage({
  context,
  user,
  ...list
}: ApprovalsProps & { context: PageContext }) {
  return (
    <Page context={context} user={user} title="Approvals" section="approvals">
      <div class="page-header">
        <h1>Approvals</h1>
        <button class="button button-small" type="button" data-notify hidden>
          <Icon name="bell" />
          Enable notifications
        </button>
      </div>
      <ApprovalList user={user} {...list} />
    </Page>
  );
}

/** The list updates itself when a request is created or resolved. It keeps its number of cards. */
export function ApprovalList({ user, pending, limit = PAGE_LENGTH }: ApprovalsProps) {
  return (
    <section
      id="approvals"
      aria-label="Pending approval requests"
      hx-get={inboxUrl(limit, '/list')}
      hx-trigger={triggerOn(ANY_APPROVAL, REFRESH)}
      hx-swap="outerMorph"
      hx-sync="this:queue last"
    >
      {pending.length === 0 && <NothingPending />}
      <ApprovalCards pending={pending} user={user} limit={limit} />
      {pending.length > limit && <MoreCards limit={limit + PAGE_LENGTH} />}
      {pending.length > 0 && isPermitted(user.role, 'approvals:respond') && <KeyHints />}
    </section>
  );
}

function inboxUrl(limit: number, path: '' | '/list'): string {
  return `${approvalsUrl}${path}${limit === PAGE_LENGTH ? '' : `?cards=${limit}`}`;
}

function MoreCards({ limit }: { limit: number }) {
  return (
    <div class="load-more">
      <a
        class="button"
        href={inboxUrl(limit, '')}
        hx-get={inboxUrl(limit, '/list')}
        hx-target="#approvals"
        hx-swap="outerMorph"
      >
        <Icon name="down" />
        Show more
      </a>
    </div>
  );
}

function KeyHints() {
  return (
    <p class="key-hints">
      <span>
        <kbd>1</kbd>–<kbd>9</kbd> Choose an option
      </span>
      <span>
        <kbd>j</kbd> Next request
      </span>
      <span>
        <kbd>k</kbd> Previous request
      </span>
    </p>
  );
}

function NothingPending() {
  return (
    <div class="empty">
      <div class="empty-icons" aria-hidden="true">
        <StatusIndicator status="online" />
      </div>
      <h2>Nothing needs your approval</h2>
      <p>When an agent needs approval to edit a file or run a program, its request appears here.</p>
    </div>
  );
}
