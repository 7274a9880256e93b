// One open question of an agent, with its answers: the same card wherever it stands.
import {
  type Approval,
  type ApprovalOption,
  classifyOption,
} from '../../src/protocol/approvals.ts';
import { type CommandExecution, hasRole } from '../../src/protocol/entities.ts';
import { agentAddress, approvalsAddress, commandAddress } from '../addresses.ts';
import { ApprovalDetail } from './approval-detail.tsx';
import type { Reader } from './layout.tsx';
import { Moment } from './moment.tsx';
import { WaitingMark } from './status.tsx';

/** A question, and the command it came up in, where that is known. */
export interface Question {
  approval: Approval;
  command: CommandExecution | null;
}

interface CardProps extends Question {
  reader: Reader;
  /** What the card need not say, for the page around it does. */
  known?: 'agent' | 'command';
}

/** A list of open questions; keys answer the one in focus, or the first. */
export function ApprovalCards(props: {
  questions: Question[];
  reader: Reader;
  known?: CardProps['known'];
}) {
  if (props.questions.length === 0) return null;
  return (
    <ul class="approvals" data-approvals>
      {props.questions.map((question) => (
        <ApprovalCard
          key={question.approval.approvalId}
          {...question}
          reader={props.reader}
          {...(props.known && { known: props.known })}
        />
      ))}
    </ul>
  );
}

function ApprovalCard({ approval, command, reader, known }: CardProps) {
  const { approvalId, agentId, title, detail, options } = approval;
  return (
    <li
      id={`approval-${approvalId}`}
      class="approval"
      data-approval={approvalId}
      tabIndex={-1}
      aria-label={`${agentId} asks: ${title}`}
    >
      <p class="approval-facts">
        <WaitingMark />
        <span>
          {known ? (
            'Asks'
          ) : (
            <>
              <a class="mono approval-agent" href={agentAddress(agentId)}>
                {agentId}
              </a>{' '}
              asks
            </>
          )}{' '}
          <Moment at={approval.requestedAt} />
        </span>
      </p>
      <h2 class="approval-title">{title}</h2>
      {detail !== null && <ApprovalDetail detail={detail} />}
      {hasRole(reader.role, 'operator') ? (
        <Answers approvalId={approvalId} options={options} />
      ) : (
        <p class="quiet approval-options">Your role may watch, but not answer.</p>
      )}
      {known !== 'command' && (
        <a class="approval-command" href={commandAddress(approval.commandId)}>
          <span>{command ? 'From the command' : 'To its command'}</span>
          {command && <code class="one-line">{command.command}</code>}
        </a>
      )}
    </li>
  );
}

function Answers({ approvalId, options }: Pick<Approval, 'approvalId' | 'options'>) {
  const first = firstChoice(options);
  return (
    <form
      class="approval-options"
      hx-post={approvalsAddress}
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
          class={`button approval-option ${option === first ? 'button-first' : ''} approval-${classifyOption(option)}`}
          {...(index < 9 && { 'aria-keyshortcuts': String(index + 1) })}
        >
          {index < 9 && <kbd aria-hidden="true">{index + 1}</kbd>}
          <span>{option.name}</span>
        </button>
      ))}
    </form>
  );
}

/** The answer most people give: to allow, this once. */
function firstChoice(options: readonly ApprovalOption[]): ApprovalOption | undefined {
  return (
    options.find(({ kind }) => kind === 'allow_once') ??
    options.find((option) => classifyOption(option) === 'allow')
  );
}
