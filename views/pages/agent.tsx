// The page of an agent: its status, terminal, queue, recent commands, and the form that sends commands.
import { DialogButton } from '../components/dialog.tsx';
import { isPermitted } from '../../src/protocol/permissions.ts';
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { agentLiveUrl, agentTokensUrl, agentUrl } from '../urls.ts';
import { AgentNotice } from '../components/agent-notice.tsx';
import { ApprovalCards, type PendingApproval } from '../components/approval-card.tsx';
import { ComposerHint } from '../components/composer-hint.tsx';
import { Composer, ComposerSession } from '../components/composer.tsx';
import { HxPartial } from '../components/hx-partial.tsx';
import { Page, type PageContext, type User } from '../components/layout.tsx';
import { Liveness } from '../components/liveness.tsx';
import { Queue } from '../components/queue.tsx';
import { RecentCommands } from '../components/recent-commands.tsx';
import { agentStatusOf, AgentStatusLabel, StatusIndicator } from '../components/status.tsx';
import { type ShownCommand, TerminalHeader, TerminalScreen } from '../components/terminal.tsx';
import { agentEvent, ANY_APPROVAL, REFRESH, triggerOn } from '../events.ts';
import { agentTypeLabels } from '../format/labels.ts';

/** The parts of an agent's page that change. */
export interface AgentState {
  user: User;
  agent: AgentSummary;
  /** The current command first, then the queue. */
  active: CommandExecution[];
  /** Newest first. */
  recent: CommandExecution[];
  shown: ShownCommand | null;
  /** Oldest first. */
  pending: PendingApproval[];
  /** The hub's time. */
  now: number;
}

/** The page at `/agents/:id`. */
export function AgentPage(props: AgentState & { context: PageContext; requestId: string }) {
  const { agent, user, shown, context } = props;
  const canInterrupt = isPermitted(user.role, 'commands:interrupt');
  const canSend = isPermitted(user.role, 'commands:send');
  return (
    <Page context={context} user={user} title={agent.agentId} section="agents">
      <AgentHeader agent={agent} user={user} />
      <AgentNotice agent={agent} />
      <AgentUpdates agentId={agent.agentId} chosenId={shown?.isChosen ? shown.command.id : null} />
      <div class="columns">
        <div class="columns-main">
          <AgentApprovals user={user} pending={props.pending} />
          <section class="panel terminal-panel" aria-label="Terminal">
            <TerminalHeader shown={shown} canInterrupt={canInterrupt} />
            <TerminalScreen />
          </section>
          {canSend && <Composer agent={agent} requestId={props.requestId} />}
        </div>
        <div class="columns-side">
          <Queue agent={agent} active={props.active} canInterrupt={canInterrupt} now={props.now} />
          <RecentCommands
            agentId={agent.agentId}
            commands={props.recent}
            shownId={shown?.command.id ?? null}
          />
        </div>
      </div>
    </Page>
  );
}

/** The response of `/agents/:id/live`: every part of the page that changes. */
export function AgentLive({ user, agent, active, recent, shown, pending, now }: AgentState) {
  const canInterrupt = isPermitted(user.role, 'commands:interrupt');
  const canSend = isPermitted(user.role, 'commands:send');
  return (
    <>
      <HxPartial target="#agent-header">
        <AgentHeader agent={agent} user={user} />
      </HxPartial>
      <HxPartial target="#agent-notice">
        <AgentNotice agent={agent} />
      </HxPartial>
      <HxPartial target="#agent-approvals">
        <AgentApprovals user={user} pending={pending} />
      </HxPartial>
      <HxPartial target="#terminal-header">
        <TerminalHeader shown={shown} canInterrupt={canInterrupt} />
      </HxPartial>
      <HxPartial target="#queue">
        <Queue agent={agent} active={active} canInterrupt={canInterrupt} now={now} />
      </HxPartial>
      <HxPartial target="#recent">
        <RecentCommands
          agentId={agent.agentId}
          commands={recent}
          shownId={shown?.command.id ?? null}
        />
      </HxPartial>
      {canSend && (
        <>
          <HxPartial target="#composer-session">
            <ComposerSession agent={agent} />
          </HxPartial>
          <HxPartial target="#composer-hint">
            <ComposerHint agent={agent} />
          </HxPartial>
        </>
      )}
    </>
  );
}

/** Fetches all changing parts in one request. */
function AgentUpdates({ agentId, chosenId }: { agentId: string; chosenId: string | null }) {
  return (
    <div
      hidden
      hx-get={agentLiveUrl(agentId, chosenId ?? undefined)}
      hx-trigger={`${triggerOn(agentEvent(agentId), ANY_APPROVAL, REFRESH)}, every 10s`}
      hx-swap="none"
      hx-sync="this:queue last"
    />
  );
}

/** Pending requests appear above the terminal, because the command continues only after a response. */
function AgentApprovals({ user, pending }: Pick<AgentState, 'user' | 'pending'>) {
  return (
    <section id="agent-approvals" aria-label="Pending approval requests">
      <ApprovalCards pending={pending} user={user} omit="agent" />
    </section>
  );
}

function AgentHeader({ agent, user }: { agent: AgentSummary; user: User }) {
  const status = agentStatusOf(agent);
  return (
    <div id="agent-header" class={`agent-header agent-${status}`}>
      <StatusIndicator status={status} />
      <div>
        <h1 class="agent-id">{agent.agentId}</h1>
        <p class="agent-facts">
          <AgentStatusLabel status={status} />
          <span>{agentTypeLabels[agent.agentType]}</span>
          {agent.labels.map((label) => (
            <span key={label} class="badge">
              {label}
            </span>
          ))}
          <Liveness agent={agent} />
        </p>
      </div>
      {isPermitted(user.role, 'agents:manage') && (
        <div class="agent-actions">
          <DialogButton url={`${agentUrl(agent.agentId)}/labels`} kind="small">
            Labels…
          </DialogButton>
          <DialogButton url={agentTokensUrl(agent.agentId)} kind="small">
            Tokens…
          </DialogButton>
          <DialogButton url={`${agentUrl(agent.agentId)}/remove`} kind="small">
            Remove…
          </DialogButton>
        </div>
      )}
    </div>
  );
}
