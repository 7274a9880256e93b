// The resolved approval requests of a command: who responded, when, and whether the agent received the response.
import {
  type Approval,
  classifyResponse,
  formatResponse,
  type ResponseKind,
} from '../../src/protocol/approvals.ts';
import { type CommandStatus, hasEnded } from '../../src/protocol/command-status.ts';
import { formatDuration } from '../../src/protocol/duration.ts';
import { ApprovalDetail } from './approval-detail.tsx';
import { Icon, type IconName } from './icons.tsx';
import { Timestamp } from './timestamp.tsx';

interface AuditProps {
  approvals: Approval[];
  status: CommandStatus;
}

/** Returns the requests that can still be responded to. A command that has ended has none. */
export function pendingOf({ approvals, status }: AuditProps): Approval[] {
  return hasEnded(status) ? [] : approvals.filter(({ outcome }) => outcome === null);
}

/** Resolved requests, oldest first. The page shows the pending ones as cards. */
export function ApprovalAudit({ approvals, status }: AuditProps) {
  const pending = pendingOf({ approvals, status });
  const resolved = approvals.filter((approval) => !pending.includes(approval));
  return (
    <section id="approval-audit" class={resolved.length > 0 ? 'panel' : ''}>
      {resolved.length > 0 && (
        <>
          <h2>
            Approvals <span class="badge">{resolved.length}</span>
          </h2>
          <ol class="audit">
            {resolved.map((approval) => (
              <AuditRow key={approval.approvalId} approval={approval} status={status} />
            ))}
          </ol>
        </>
      )}
    </section>
  );
}

function AuditRow({ approval, status }: { approval: Approval; status: CommandStatus }) {
  const { approvalId, title, detail, options, outcome, requestedAt, resolvedAt } = approval;
  const result = classifyResponse(options, approval);
  return (
    <li id={`audit-${approvalId}`}>
      <p class={`audit-response audit-${result}`}>
        <Icon name={icons[result]} />
        {formatResponse(options, approval)}
      </p>
      <div class="audit-request">
        <p class="audit-title">{title}</p>
        <p class="facts">
          <span>
            Requested <Timestamp at={requestedAt} as="clock" />
          </span>
          {resolvedAt !== null && (
            <span>
              {outcome === 'selected' ? 'Responded' : 'Withdrawn'} after{' '}
              {formatDuration(resolvedAt - requestedAt)}
            </span>
          )}
          {outcome === 'selected' && <Delivery approval={approval} status={status} />}
        </p>
        {detail !== null && (
          <details id={`audit-detail-${approvalId}`} hx-morph-skip>
            <summary>Show details</summary>
            <ApprovalDetail detail={detail} />
          </details>
        )}
      </div>
    </li>
  );
}

function Delivery({ approval, status }: { approval: Approval; status: CommandStatus }) {
  if (approval.appliedAt !== null) {
    return (
      <span>
        Delivered <Timestamp at={approval.appliedAt} as="clock" />
      </span>
    );
  }
  return (
    <strong class="audit-unconfirmed">
      {hasEnded(status) ? 'Delivery was not confirmed' : 'Delivery not confirmed yet'}
    </strong>
  );
}

const icons: Record<ResponseKind, IconName> = {
  allow: 'check',
  reject: 'close',
  other: 'send',
  cancelled: 'minus',
};
