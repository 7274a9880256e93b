// What a command asked for, who answered what and when, and whether the agent has the answer.
import { type Approval, formatResponse, classifyOption } from '../../src/protocol/approvals.ts';
import { type CommandStatus, hasEnded } from '../../src/protocol/command-status.ts';
import { ApprovalDetail } from './approval-detail.tsx';
import { Icon, type IconName } from './icons.tsx';
import { duration } from '../format/units.ts';
import { Moment } from './moment.tsx';

interface AuditProps {
  approvals: Approval[];
  status: CommandStatus;
}

/** Which questions can be answered still: those of a command that has ended are moot, whatever became of them. */
export function openOf({ approvals, status }: AuditProps): Approval[] {
  return hasEnded(status) ? [] : approvals.filter(({ outcome }) => outcome === null);
}

/** The questions of one command that are over, oldest first; the open ones stand above as cards. */
export function ApprovalAudit({ approvals, status }: AuditProps) {
  const open = openOf({ approvals, status });
  const answered = approvals.filter((approval) => !open.includes(approval));
  return (
    <section id="approval-audit" class={answered.length > 0 ? 'panel' : ''}>
      {answered.length > 0 && (
        <>
          <h2>
            Approvals <span class="badge">{answered.length}</span>
          </h2>
          <ol class="audit">
            {answered.map((approval) => (
              <AuditRow key={approval.approvalId} approval={approval} status={status} />
            ))}
          </ol>
        </>
      )}
    </section>
  );
}

function AuditRow({ approval, status }: { approval: Approval; status: CommandStatus }) {
  const { approvalId, title, detail, options, requestedAt, resolvedAt } = approval;
  const stance = stanceOfAnswer(approval);
  return (
    <li id={`audit-${approvalId}`}>
      <p class={`audit-answer audit-${stance}`}>
        <Icon name={icons[stance]} />
        {formatResponse(options, approval)}
      </p>
      <div class="audit-what">
        <p class="audit-title">{title}</p>
        <p class="facts">
          <span>
            Asked <Moment at={requestedAt} as="clock" />
          </span>
          {resolvedAt !== null && (
            <span>
              {approval.outcome === 'selected' ? 'answered' : 'withdrawn'} after{' '}
              {duration(resolvedAt - requestedAt)}
            </span>
          )}
          {approval.outcome === 'selected' && <Delivery approval={approval} status={status} />}
        </p>
        {detail !== null && (
          <details id={`audit-detail-${approvalId}`} hx-morph-skip>
            <summary>What it asked about</summary>
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
        the agent has it since <Moment at={approval.appliedAt} as="clock" />
      </span>
    );
  }
  return (
    <strong class="audit-missing">
      {hasEnded(status)
        ? 'the agent never said that it got it'
        : 'the agent has not said yet that it got it'}
    </strong>
  );
}

type Stance = ReturnType<typeof classifyOption> | 'cancelled';
const icons: Record<Stance, IconName> = {
  allow: 'check',
  reject: 'close',
  other: 'send',
  cancelled: 'minus',
};

function stanceOfAnswer({ outcome, optionId, options }: Approval): Stance {
  if (outcome !== 'selected') return 'cancelled';
  const option = options.find((one) => one.optionId === optionId);
  return option ? classifyOption(option) : 'other';
}
