// The page of a comparison: one column per agent, each with a terminal.
import { hasEnded } from '../../src/protocol/command-status.ts';
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import type { OutputRemoval } from '../../src/protocol/output-removal.ts';
import { agentUrl, compareUrl } from '../urls.ts';
import { ApprovalCards, type PendingApproval } from '../components/approval-card.tsx';
import { ComparisonFacts } from '../components/comparison-facts.tsx';
import { HxPartial } from '../components/hx-partial.tsx';
import { Page, type PageContext, type User } from '../components/layout.tsx';
import { TerminalHeader, terminalHeaderId, TerminalScreen } from '../components/terminal.tsx';
import { ANY_APPROVAL, commandEvent, REFRESH, triggerOn } from '../events.ts';
import { agentTypeLabels } from '../format/labels.ts';
import type { Comparison } from './compare.tsx';

/** One command of the comparison. */
export interface ComparisonColumn {
  command: CommandExecution;
  /** When and why its output was deleted; null if it was not. */
  removal: OutputRemoval | null;
  /** Null if the agent has been removed. */
  agent: AgentSummary | null;
}

interface ComparisonState {
  user: User;
  comparison: Comparison;
  columns: ComparisonColumn[];
  /** The requests of all commands, oldest first. */
  pending: PendingApproval[];
}

interface ColumnProps extends ComparisonState {
  column: ComparisonColumn;
}

/** The page at `/compare/:id`. */
export function ComparisonPage(props: ComparisonState & { context: PageContext }) {
  const { context, user, comparison, columns } = props;
  const { command } = comparison.commands[0];
  return (
    <Page context={context} user={user} title="Comparison" section="compare" size="wide">
      <p class="breadcrumbs">
        <a href={compareUrl()}>Compare</a>
      </p>
      <h1 class="visually-hidden">Comparison</h1>
      <pre class="command-text">
        <code>{command}</code>
      </pre>
      <ComparisonUpdates comparison={comparison} />
      <div class="comparison">
        {columns.map((column) => (
          <section
            key={column.command.id}
            class="panel terminal-panel comparison-column"
            aria-label={column.command.agentId}
          >
            <ColumnHeader {...props} column={column} />
            <ColumnApprovals {...props} column={column} />
            <ColumnTerminalHeader {...props} column={column} />
            <TerminalScreen terminalId={column.command.id} />
          </section>
        ))}
      </div>
    </Page>
  );
}

/** The response of `/compare/:id/live`: the parts of the page that change. */
export function ComparisonLive(props: ComparisonState) {
  const { comparison, columns } = props;
  return (
    <>
      {columns.map((column) => (
        <>
          <HxPartial target={`#comparison-header-${column.command.id}`}>
            <ColumnHeader {...props} column={column} />
          </HxPartial>
          <HxPartial target={`#comparison-approvals-${column.command.id}`}>
            <ColumnApprovals {...props} column={column} />
          </HxPartial>
          <HxPartial target={`#${terminalHeaderId(column.command.id)}`}>
            <ColumnTerminalHeader {...props} column={column} />
          </HxPartial>
        </>
      ))}
      {isFinished(comparison) && (
        <HxPartial target="#comparison-updates">
          <ComparisonUpdates comparison={comparison} />
        </HxPartial>
      )}
    </>
  );
}

function isFinished({ commands }: Comparison): boolean {
  return commands.every(({ status }) => hasEnded(status));
}

function ComparisonUpdates({ comparison }: { comparison: Comparison }) {
  const { comparisonId, commands } = comparison;
  const events = [...commands.map(({ id }) => commandEvent(id)), ANY_APPROVAL, REFRESH];
  return (
    <div
      id="comparison-updates"
      hidden
      hx-get={`${compareUrl(comparisonId)}/live`}
      hx-swap="none"
      hx-trigger={
        isFinished(comparison) ? triggerOn(REFRESH) : `${triggerOn(...events)}, every 10s`
      }
      hx-sync="this:queue last"
    />
  );
}

function ColumnHeader({ column, columns }: ColumnProps) {
  const { command, agent } = column;
  return (
    <header id={`comparison-header-${command.id}`} class="comparison-header">
      <h2>
        <a class="mono" href={agentUrl(command.agentId)}>
          {command.agentId}
        </a>{' '}
        <span class="comparison-type">
          {agent === null ? 'Removed' : agentTypeLabels[agent.agentType]}
        </span>
      </h2>
      <ComparisonFacts command={command} commands={columns.map((one) => one.command)} />
    </header>
  );
}

function ColumnApprovals({ column, user, pending }: ColumnProps) {
  const { id } = column.command;
  return (
    <div id={`comparison-approvals-${id}`} class="comparison-approvals">
      <ApprovalCards
        pending={pending.filter(({ approval }) => approval.commandId === id)}
        user={user}
        omit="command"
      />
    </div>
  );
}

function ColumnTerminalHeader({ column, user }: ColumnProps) {
  return <TerminalHeader shown={column} user={user} terminalId={column.command.id} />;
}
