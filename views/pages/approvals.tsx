// The inbox: the pending approval requests of all agents, oldest first, and the latest decisions.
import { type Approval, classifyResponse, formatResponse } from '../../src/protocol/approvals.ts';
import { PAGE_LENGTH } from '../../src/protocol/limits.ts';
import { isPermitted } from '../../src/protocol/permissions.ts';
import { agentUrl, approvalsUrl, commandUrl } from '../urls.ts';
import { ApprovalCards, type PendingApproval } from '../components/approval-card.tsx';
import { Icon } from '../components/icons.tsx';
import { Page, type PageContext, type User } from '../components/layout.tsx';
import { StatusIndicator } from '../components/status.tsx';
import { Timestamp } from '../components/timestamp.tsx';
import { ANY_APPROVAL, REFRESH, triggerOn } from '../events.ts';

interface ApprovalsProps {
  user: User;
  pending: PendingApproval[];
  /** The latest first. */
  decisions: Approval[];
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
export function ApprovalList({ user, pending, decisions, limit = PAGE_LENGTH }: ApprovalsProps) {
  return (
    <section
      id="approvals"
      aria-label="Approval requests"
      hx-get={inboxUrl(limit, '/list')}
      hx-trigger={triggerOn(ANY_APPROVAL, REFRESH)}
      hx-swap="outerMorph"
      hx-sync="this:queue last"
    >
      {pending.length === 0 && <NothingPending />}
      <ApprovalCards pending={pending} user={user} limit={limit} />
      {pending.length > limit && <MoreCards limit={limit + PAGE_LENGTH} />}
      {pending.length > 0 && isPermitted(user.role, 'approvals:respond') && <KeyHints />}
      {decisions.length > 0 && <Decisions decisions={decisions} />}
    </section>
  );
}

function Decisions({ decisions }: Pick<ApprovalsProps, 'decisions'>) {
  return (
    <>
      <h2 class="decisions-title">Recent decisions</h2>
      <ul class="rows decisions">
        {decisions.map((approval) => (
          <li key={approval.approvalId} class="row decision">
            <Outcome approval={approval} />
            <a class="row-link one-line" href={commandUrl(approval.commandId)}>
              {approval.title}
            </a>
            <a class="row-agent mono" href={agentUrl(approval.agentId)}>
              {approval.agentId}
            </a>
            <span class="row-date">
              {approval.resolvedAt !== null && <Timestamp at={approval.resolvedAt} />}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

const outcomeIcons = {
  allow: 'check',
  reject: 'close',
  other: 'send',
  cancelled: 'minus',
} as const;

function Outcome({ approval }: { approval: Approval }) {
  const { options, outcome, optionId, resolvedBy } = approval;
  if (outcome === null) return null;
  const response = { outcome, optionId, resolvedBy };
  return (
    <span class="decision-outcome">
      <Icon name={outcomeIcons[classifyResponse(options, response)]} />
      {formatResponse(options, response)}
    </span>
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
