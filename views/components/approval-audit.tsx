// The resolved approval requests of a command: who responded, when, and whether the agent received the response.
import {
  type Approval,
  classifyResponse,
  formatResponse,
  type ResponseKind,
} from '../../src/protocol/approvals.ts';
import { type CommandStatus, hasEnded } from '../../src/protocol/command-status.ts';
import { formatDuration } from '../../src/protocol/duration.ts';
import { PAGE_LENGTH } from '../../src/protocol/limits.ts';
import { commandUrl } from '../urls.ts';
import { ApprovalDetail } from './approval-detail.tsx';
import { Icon, type IconName } from './icons.tsx';
import { Timestamp } from './timestamp.tsx';

interface AuditProps {
  approvals: Approval[];
  status: CommandStatus;
}

/** The form field with the number of rows, which updates of the page send along. */
const ROWS_FIELD = 'rows';
export const auditRowsSelector = `#approval-audit [name=${ROWS_FIELD}]`;

/** Returns the requests that can still be responded to. A command that has ended has none. */
export function pendingOf({ approvals, status }: AuditProps): Approval[] {
  return hasEnded(status) ? [] : approvals.filter(({ outcome }) => outcome === null);
}

/**
 * Resolved requests, oldest first. The page shows the pending ones as cards.
 * @param resolvedCount how many there are, including those not in `approvals`
 */
export function ApprovalAudit(
  props: AuditProps & { commandId: string; resolvedCount?: number | undefined },
) {
  const { approvals, status, commandId } = props;
  const resolved = approvals.filter(({ outcome }) => hasEnded(status) || outcome !== null);
  const count = props.resolvedCount ?? resolved.length;
  return (
    <section id="approval-audit" class={resolved.length > 0 ? 'panel' : ''}>
      {resolved.length > 0 && (
        <>
          <h2>
            Approvals <span class="badge">{count}</span>
          </h2>
          <ol class="audit">
            {resolved.map((approval) => (
              <AuditRow key={approval.approvalId} approval={approval} status={status} />
            ))}
          </ol>
          <input type="hidden" name={ROWS_FIELD} value={resolved.length} />
          {count > resolved.length && (
            <MoreRows commandId={commandId} rows={resolved.length + PAGE_LENGTH} />
          )}
        </>
      )}
    </section>
  );
}

function MoreRows({ commandId, rows }: { commandId: string; rows: number }) {
  const query = `?${ROWS_FIELD}=${rows}`;
  return (
    <div class="load-more">
      <a
        class="button"
        href={`${commandUrl(commandId)}${query}`}
        hx-get={`${commandUrl(commandId)}/live${query}`}
        hx-swap="none"
      >
        <Icon name="down" />
        Show more
      </a>
    </div>
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
            <ApprovalDetail {...approval} />
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
