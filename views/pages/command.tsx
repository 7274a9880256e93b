// The page of a command: its text, properties, approval requests and terminal.
import { isPermitted } from '../../src/protocol/permissions.ts';
import type { Approval } from '../../src/protocol/approvals.ts';
import { hasEnded } from '../../src/protocol/command-status.ts';
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import type { OutputRemoval } from '../../src/protocol/output-removal.ts';
import { agentUrl, commandUrl } from '../urls.ts';
import { ApprovalAudit, auditRowsSelector, pendingOf } from '../components/approval-audit.tsx';
import { ApprovalCards } from '../components/approval-card.tsx';
import { AgainActions } from '../components/block-actions.tsx';
import { CommandFields } from '../components/command-fields.tsx';
import { HxPartial } from '../components/hx-partial.tsx';
import { Page, type PageContext, type User } from '../components/layout.tsx';
import { TerminalHeader, TerminalScreen } from '../components/terminal.tsx';
import type { ShownTurn } from '../components/turn/turn.tsx';
import { TurnPanel, TurnSwitch } from '../components/turn/turn-panel.tsx';
import { agentEvent, ANY_APPROVAL, commandEvent, REFRESH, triggerOn } from '../events.ts';

interface CommandState {
  user: User;
  command: CommandExecution;
  /** Its agent; null if it has been removed. */
  agent: AgentSummary | null;
  /** When and why its output was deleted; null if it was not. */
  removal: OutputRemoval | null;
  /** Its approval requests, oldest first. */
  approvals: Approval[];
  /** The number of resolved ones, if not all are in `approvals`. */
  resolvedCount?: number;
  /** Identifies the next request to run it again. */
  requestId: string;
}

interface CommandPageProps extends CommandState {
  context: PageContext;
  turn?: ShownTurn | undefined;
  /** What to search for in the output when the page is opened. */
  search?: string;
}

/** The page at `/commands/:id`. */
export function CommandPage(props: CommandPageProps) {
  const { context, user, command, search = '' } = props;
  return (
    <Page context={context} user={user} title={shortenFirstLine(command.command)} section="history">
      <p class="breadcrumbs">
        <a href="/history">History</a> <span aria-hidden="true">/</span>{' '}
        <a class="mono" href={agentUrl(command.agentId)}>
          {command.agentId}
        </a>
      </p>
      <h1 class="visually-hidden">Command</h1>
      <pre class="command-text">
        <code>{command.command}</code>
      </pre>
      <CommandUpdates command={command} />
      <CommandApprovals {...props} />
      <CommandFields command={command} agent={props.agent} />
      <section class="panel terminal-panel" aria-label="Terminal">
        <CommandTerminalHeader {...props} />
        <TurnPanel command={command} turn={props.turn} />
        <TerminalScreen search={search} />
        <OutputActions {...props} />
        {/* The search is in the terminal text. */}
        <TurnSwitch isTerminal={search !== ''} />
      </section>
      <CommandAudit {...props} />
    </Page>
  );
}

/** The response of `/commands/:id/live`: the parts of the page that change. */
export function CommandLive(props: CommandState) {
  const { command } = props;
  return (
    <>
      <HxPartial target="#command-fields">
        <CommandFields command={command} agent={props.agent} />
      </HxPartial>
      <HxPartial target="#command-approvals">
        <CommandApprovals {...props} />
      </HxPartial>
      <HxPartial target="#approval-audit">
        <CommandAudit {...props} />
      </HxPartial>
      <HxPartial target="#terminal-header">
        <CommandTerminalHeader {...props} />
      </HxPartial>
      <HxPartial target="#output-actions" swap="outerHTML">
        <OutputActions {...props} />
      </HxPartial>
      {hasEnded(command.status) && (
        <HxPartial target="#command-updates">
          <CommandUpdates command={command} />
        </HxPartial>
      )}
    </>
  );
}

/** After a command has ended only its output can change, when it is deleted. */
function CommandUpdates({ command }: { command: CommandExecution }) {
  const events = [commandEvent(command.id), agentEvent(command.agentId), ANY_APPROVAL, REFRESH];
  return (
    <div
      id="command-updates"
      hidden
      hx-get={`${commandUrl(command.id)}/live`}
      hx-include={auditRowsSelector}
      hx-trigger={
        hasEnded(command.status) ? triggerOn(REFRESH) : `${triggerOn(...events)}, every 10s`
      }
      hx-swap="none"
      hx-sync="this:queue last"
    />
  );
}

function CommandApprovals({ user, command, approvals }: CommandState) {
  const pending = pendingOf({ approvals, status: command.status });
  return (
    <section id="command-approvals" aria-label="Pending approval requests">
      <ApprovalCards
        pending={pending.map((approval) => ({ approval, command }))}
        user={user}
        omit="command"
      />
    </section>
  );
}

function CommandAudit({ command, approvals, resolvedCount }: CommandState) {
  return (
    <ApprovalAudit
      commandId={command.id}
      status={command.status}
      {...{ approvals, resolvedCount }}
    />
  );
}

function CommandTerminalHeader({ user, command, removal, agent, requestId }: CommandState) {
  const canSend = isPermitted(user.role, 'commands:send');
  return (
    <TerminalHeader
      shown={{ command, removal, agent }}
      user={user}
      actions={canSend && <AgainActions {...{ command, requestId }} isLabelled />}
    />
  );
}

/** What can be done with the output of a command that has ended. */
function OutputActions({ user, command, removal }: CommandState) {
  const canDelete =
    hasEnded(command.status) && removal === null && isPermitted(user.role, 'output:delete');
  return (
    <div id="output-actions" class="output-actions">
      {canDelete && (
        <form
          hx-post={`${commandUrl(command.id)}/output/delete`}
          hx-target="#notices"
          hx-disable="find button"
          hx-confirm="Delete the output of this command, for everybody? This cannot be undone."
        >
          <button class="button button-small" type="submit">
            Delete output
          </button>
        </form>
      )}
    </div>
  );
}

function shortenFirstLine(text: string): string {
  const line = text.split('\n', 1)[0] ?? '';
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
