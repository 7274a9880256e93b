// The inbox: every open question of every agent, oldest first.
import { hasRole } from '../../src/protocol/entities.ts';
import { approvalsAddress } from '../addresses.ts';
import { ApprovalCards, type Question } from '../components/approval-card.tsx';
import { ANY_APPROVAL, REFRESH, whenever } from '../events.ts';
import { Icon } from '../components/icons.tsx';
import { type Frame, Page, type Reader } from '../components/layout.tsx';
import { SignalHead } from '../components/status.tsx';

interface ApprovalsProps {
  reader: Reader;
  questions: Question[];
}

/** The page at `/approvals`. */
export function ApprovalsPage({ frame, reader, questions }: ApprovalsProps & { frame: Frame }) {
  return (
    <Page frame={frame} reader={reader} title="Approvals" section="approvals">
      <div class="page-head">
        <h1>Approvals</h1>
        <button class="button button-small" type="button" data-notify hidden>
          <Icon name="bell" />
          Tell me when an agent asks
        </button>
      </div>
      <ApprovalList reader={reader} questions={questions} />
    </Page>
  );
}

/** The list, which fetches itself again when somebody asks or answers. */
export function ApprovalList({ reader, questions }: ApprovalsProps) {
  return (
    <section
      id="approvals"
      aria-label="Open questions"
      hx-get={`${approvalsAddress}/list`}
      hx-trigger={whenever(ANY_APPROVAL, REFRESH)}
      hx-swap="outerMorph"
      hx-sync="this:queue last"
    >
      {questions.length === 0 && <NothingAsked />}
      <ApprovalCards questions={questions} reader={reader} />
      {questions.length > 0 && hasRole(reader.role, 'operator') && <KeyHints />}
    </section>
  );
}

function KeyHints() {
  return (
    <p class="key-hints">
      <span>
        <kbd>1</kbd> to <kbd>9</kbd> answer the marked question
      </span>
      <span>
        <kbd>j</kbd> <kbd>k</kbd> mark the next, the previous one
      </span>
    </p>
  );
}

function NothingAsked() {
  return (
    <div class="empty">
      <div class="empty-signals" aria-hidden="true">
        <SignalHead lamp="online" />
      </div>
      <h2>Nobody waits for you</h2>
      <p>When an agent needs a yes before it edits a file or runs a program, it asks here.</p>
    </div>
  );
}
