// The page that reviews changes: of one command, or of all commands of a conversation.
import { isPermitted } from '../../src/protocol/permissions.ts';
import type { AgentSummary } from '../../src/protocol/entities.ts';
import { ChangedFiles, Counts, FileList } from '../components/changes/changed-files.tsx';
import type { DiffView } from '../components/changes/file-diff.tsx';
import type { CommandWithChanges } from '../components/changes/latest-changes.tsx';
import { explainNoChanges } from '../../src/protocol/report-format.ts';
import { Review } from '../components/changes/review.tsx';
import { Page, type PageContext, type User } from '../components/layout.tsx';
import { Timestamp } from '../components/timestamp.tsx';
import { formatCount } from '../format/units.ts';
import { agentUrl, changesUrl, commandUrl, conversationChangesUrl } from '../urls.ts';

export interface ChangesPageProps {
  context: PageContext;
  user: User;
  agentId: string;
  /** Null if it has been removed. */
  agent: AgentSummary | null;
  /** The conversation that is shown, or the one that the command belongs to. */
  conversationId: string | null;
  scope: 'command' | 'conversation';
  /** Oldest first. */
  commands: readonly CommandWithChanges[];
  /** Whether the conversation has earlier changes that are not on the page. */
  hasEarlier: boolean;
  view: DiffView;
  requestId: string;
}

export function ChangesPage(props: ChangesPageProps) {
  const { context, user, agentId, agent, scope, commands, view } = props;
  const canComment = canPrompt(agent) && isPermitted(user.role, 'commands:send');
  const canRevert = agent !== null && isPermitted(user.role, 'changes:revert');
  const hasFiles = commands.some(({ changes }) => changes.files.length > 0);
  return (
    <Page context={context} user={user} title={`Changes · ${agentId}`} section="agents" size="full">
      <ChangesHeader {...props} />
      <div class="changes-body">
        {hasFiles && (
          <nav class="changes-files" aria-label="Changed files">
            {commands.map(({ command, changes }) => (
              <section key={command.id}>
                {scope === 'conversation' && <h2>{command.command.trim()}</h2>}
                <FileList changes={changes} />
              </section>
            ))}
          </nav>
        )}
        <div class="changes-diffs" tabIndex={-1}>
          {props.hasEarlier && (
            <p class="diff-note">
              This conversation has earlier changes. Open them from the blocks of their commands.
            </p>
          )}
          {commands.length === 0 && <p class="changes-none">No files changed.</p>}
          {commands.map(({ command, changes }) => {
            const reason = explainNoChanges(command);
            return (
              <section key={command.id} aria-label={command.command}>
                {scope === 'conversation' && <CommandHeading command={command} />}
                {reason === null ? (
                  <ChangedFiles {...{ changes, view, canComment, canRevert }} />
                ) : (
                  <p class="changes-none">{reason}</p>
                )}
              </section>
            );
          })}
        </div>
      </div>
      {canComment && hasFiles && <Review agentId={agentId} requestId={props.requestId} />}
    </Page>
  );
}

const canPrompt = (agent: AgentSummary | null) => agent?.capabilities.includes('prompt') ?? false;

function CommandHeading({ command }: Pick<CommandWithChanges, 'command'>) {
  return (
    <h2 class="changes-command">
      <a href={changesUrl(command.id)}>{command.command.trim()}</a>
      <Timestamp at={command.completedAt ?? command.requestedAt} />
      {command.changes && <Counts {...command.changes} />}
    </h2>
  );
}

function ChangesHeader(props: ChangesPageProps) {
  const { agentId, scope, commands, view, conversationId } = props;
  const total = sumChanges(commands);
  const [first] = commands;
  const url = (choice: DiffView) =>
    scope === 'command' && first
      ? changesUrl(first.command.id, choice)
      : conversationChangesUrl(agentId, conversationId ?? '', choice);
  return (
    <header class="changes-header">
      <p class="breadcrumbs">
        <a class="mono" href={agentUrl(agentId)}>
          {agentId}
        </a>{' '}
        <span aria-hidden="true">/</span>
      </p>
      <h1>Changes</h1>
      {scope === 'command' && first && (
        <a class="changes-title" href={commandUrl(first.command.id)}>
          {first.command.command.trim()}
        </a>
      )}
      {scope === 'conversation' && <span class="changes-title">Whole conversation</span>}
      {total.files > 0 && (
        <span class="changes-total">
          {formatCount(total.files, 'file')} <Counts {...total} />
        </span>
      )}
      {scope === 'command' && conversationId !== null && (
        <a class="button button-small" href={conversationChangesUrl(agentId, conversationId)}>
          Whole conversation
        </a>
      )}
      <nav class="segments" aria-label="View">
        <a href={url('unified')} aria-current={view === 'unified' ? 'true' : undefined}>
          Unified
        </a>
        <a href={url('split')} aria-current={view === 'split' ? 'true' : undefined}>
          Split
        </a>
      </nav>
    </header>
  );
}

/** A file that several commands changed counts once. */
function sumChanges(commands: readonly CommandWithChanges[]) {
  const paths = new Set<string>();
  const total = { files: 0, added: 0, removed: 0 };
  for (const { command, changes } of commands) {
    for (const { path } of changes.files) paths.add(path);
    total.files += changes.omittedFiles;
    total.added += command.changes?.added ?? 0;
    total.removed += command.changes?.removed ?? 0;
  }
  return { ...total, files: total.files + paths.size };
}
