// A pending approval request of an agent, with the options to respond.
import { isPermitted } from '../../src/protocol/permissions.ts';
import {
  type Approval,
  type ApprovalOption,
  classifyOption,
} from '../../src/protocol/approvals.ts';
import type { CommandExecution } from '../../src/protocol/entities.ts';
import { PAGE_LENGTH } from '../../src/protocol/limits.ts';
import { agentUrl, approvalsUrl, commandUrl } from '../urls.ts';
import { ApprovalDetail } from './approval-detail.tsx';
import type { User } from './layout.tsx';
import { PendingIcon } from './status.tsx';
import { Timestamp } from './timestamp.tsx';

/** A pending request, and its command if it is known. */
export interface PendingApproval {
  approval: Approval;
  command: CommandExecution | null;
}

interface CardProps extends PendingApproval {
  user: User;
  /** Shows only the title until the card is opened. */
  isFolded: boolean;
  /** What the surrounding page already shows; a command implies its agent. */
  omit?: 'agent' | 'command';
}

interface CardsProps {
  pending: PendingApproval[];
  user: User;
  omit?: CardProps['omit'];
  /** The number of cards. */
  limit?: number;
}

/** Number keys respond to the focused card, or to the first one. */
export function ApprovalCards({ pending, user, omit, limit = PAGE_LENGTH }: CardsProps) {
  if (pending.length === 0) return null;
  return (
    <>
      <ul class="approvals" data-approvals>
        {pending.slice(0, limit).map((one, index) => (
          <ApprovalCard
            key={one.approval.approvalId}
            {...one}
            user={user}
            isFolded={omit === 'agent' && index > 0}
            {...(omit && { omit })}
          />
        ))}
      </ul>
      {omit && pending.length > limit && (
        <p class="hint">
          <a href={approvalsUrl}>View all {pending.length} pending requests</a>
        </p>
      )}
    </>
  );
}

function ApprovalCard({ approval, command, user, omit, isFolded }: CardProps) {
  const { approvalId, agentId, title, options } = approval;
  return (
    <li
      id={`approval-${approvalId}`}
      class={isFolded ? 'approval approval-folded' : 'approval'}
      data-approval={approvalId}
      tabIndex={-1}
      aria-label={`${agentId} requests approval: ${title}`}
    >
      <p class="approval-facts">
        <PendingIcon />
        <span>
          {omit ? (
            'Requested'
          ) : (
            <>
              <a class="mono approval-agent" href={agentUrl(agentId)}>
                {agentId}
              </a>{' '}
              requested approval
            </>
          )}{' '}
          <Timestamp at={approval.requestedAt} />
        </span>
      </p>
      <h2 class="approval-title">
        {isFolded ? (
          <button class="approval-open" type="button" data-open-approval>
            {title}
          </button>
        ) : (
          title
        )}
      </h2>
      {/* Updates of the page keep a detail that was loaded. */}
      <div id={`approval-detail-${approvalId}`} class="approval-detail" hx-morph-skip>
        <ApprovalDetail {...approval} />
      </div>
      {isPermitted(user.role, 'approvals:respond') ? (
        <Options approvalId={approvalId} options={options} />
      ) : (
        <p class="hint approval-options">Only operators and admins can respond.</p>
      )}
      {omit !== 'command' && (
        <a class="approval-command" href={commandUrl(approval.commandId)}>
          <span>{command ? 'Command:' : 'View command'}</span>
          {command && <code class="one-line">{command.command}</code>}
        </a>
      )}
    </li>
  );
}

function Options({ approvalId, options }: Pick<Approval, 'approvalId' | 'options'>) {
  const primary = findPrimary(options);
  return (
    <form
      class="approval-options"
      hx-post={approvalsUrl}
      hx-target="#notices"
      hx-disable="find button"
      hx-sync="this:drop"
    >
      <input type="hidden" name="approvalId" value={approvalId} />
      {options.map((option, index) => (
        <button
          key={option.optionId}
          type="submit"
          name="optionId"
          value={option.optionId}
          class={`button approval-option ${option === primary ? 'button-primary' : ''} approval-${classifyOption(option)}`}
          {...(index < 9 && { 'aria-keyshortcuts': String(index + 1) })}
        >
          {index < 9 && <kbd aria-hidden="true">{index + 1}</kbd>}
          <span>{option.name}</span>
        </button>
      ))}
    </form>
  );
}

/** Returns the most common response: to allow once, or else any that allows. */
function findPrimary(options: readonly ApprovalOption[]): ApprovalOption | undefined {
  return (
    options.find(({ kind }) => kind === 'allow_once') ??
    options.find((option) => classifyOption(option) === 'allow')
  );
}
