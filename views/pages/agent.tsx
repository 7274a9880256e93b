// The page of an agent: its session, pending approval requests, the composer, and its queue.
import { isPermitted } from '../../src/protocol/permissions.ts';
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { AgentHeader } from '../components/agent-header.tsx';
import { AgentNotice } from '../components/agent-notice.tsx';
import { ApprovalCards, type PendingApproval } from '../components/approval-card.tsx';
import { Block, BlockFooter, type SessionBlock } from '../components/block.tsx';
import { LatestChangesPlace } from '../components/changes/latest-changes.tsx';
import { ComposerHint } from '../components/composer-hint.tsx';
import { Composer, ComposerButtons, ComposerSession } from '../components/composer.tsx';
import { HxPartial } from '../components/hx-partial.tsx';
import { Icon } from '../components/icons.tsx';
import { Page, type PageContext, type User } from '../components/layout.tsx';
import { Queue } from '../components/queue.tsx';
import {
  BlockList,
  type BlockPage,
  CurrentFooter,
  CurrentHead,
  CurrentTurn,
  QueuedBlocks,
  Session,
  type SessionProps,
} from '../components/session.tsx';
import { agentEvent, ANY_APPROVAL, REFRESH, triggerOn } from '../events.ts';
import { agentLiveUrl } from '../urls.ts';

/** How many blocks at the end of the session an update compares. It replaces the session if it knows none of them. */
export const COMPARED_BLOCKS = 20;

/** The parts of an agent's page that change. */
export interface AgentState {
  user: User;
  agent: AgentSummary;
  /** The current command first, then the queue. */
  active: CommandExecution[];

  /** Identifies the agent's notice; null if the user has dismissed it. */
  noticeId: string | null;
  /** Oldest first. */
  pending: PendingApproval[];
  /** The hub's time. */
  now: number;
}

/** The page at `/agents/:id`. */
export function AgentPage({
  context,
  requestId,
  page,
  ...state
}: AgentState & { page: BlockPage; context: PageContext; requestId: string }) {
  const { agent, user } = state;
  const props = toSessionProps(state, page);
  return (
    <Page
      {...{ context, user }}
      title={agent.agentId}
      section="agents"
      size="full"
      hasComposer={props.canSend}
    >
      <AgentHeader agent={agent} user={user} now={state.now} />
      <AgentNotice agent={agent} noticeId={state.noticeId} />
      <AgentUpdates agentId={agent.agentId} />
      <div class="agent-body">
        <div class="conversation">
          <Session {...props} />
          <AgentApprovals user={user} pending={state.pending} />
          {props.canSend ? (
            <Composer {...props} requestId={requestId} />
          ) : (
            <p class="conversation-role">Your role can watch, but not send commands.</p>
          )}
        </div>
        <aside id="side" class="side" popover="auto" aria-label="Queue and changes">
          <button
            class="icon-button side-close"
            type="button"
            popovertarget="side"
            popovertargetaction="hide"
            aria-label="Close"
          >
            <Icon name="close" />
          </button>
          <Queue
            agent={agent}
            active={state.active}
            canInterrupt={props.canInterrupt}
            canManage={isPermitted(user.role, 'queue:manage')}
            now={state.now}
          />
          <LatestChangesPlace agentId={agent.agentId} />
        </aside>
      </div>
    </Page>
  );
}

/** New blocks for a page, or all of the newest ones if it has missed too many. */
export type BlockUpdate =
  | { kind: 'append'; blocks: SessionBlock[]; shown: CommandExecution[] }
  | { kind: 'replace'; page: BlockPage };

/** The response of `/agents/:id/live`: every part of the page that changes. */
export function AgentLive({ update, ...state }: AgentState & { update: BlockUpdate }) {
  const { agent, user } = state;
  const page = update.kind === 'replace' ? update.page : { blocks: [], olderThan: null };
  const props = toSessionProps(state, page);
  return (
    <>
      <HxPartial target="#agent-header">
        <AgentHeader agent={agent} user={user} now={state.now} />
      </HxPartial>
      <HxPartial target="#agent-notice">
        <AgentNotice agent={agent} noticeId={state.noticeId} />
      </HxPartial>
      <BlockUpdates update={update} props={props} />
      <HxPartial target="#terminal-header">
        <CurrentHead {...props} />
      </HxPartial>
      <HxPartial target="#turn-panel">
        <CurrentTurn {...props} />
      </HxPartial>
      <HxPartial target="#current-footer">
        <CurrentFooter {...props} />
      </HxPartial>
      <HxPartial target="#queued-blocks">
        <QueuedBlocks {...props} />
      </HxPartial>
      <HxPartial target="#agent-approvals">
        <AgentApprovals user={user} pending={state.pending} />
      </HxPartial>
      <HxPartial target="#queue">
        <Queue
          agent={agent}
          active={state.active}
          canInterrupt={props.canInterrupt}
          canManage={isPermitted(user.role, 'queue:manage')}
          now={state.now}
        />
      </HxPartial>
      {props.canSend && (
        <>
          <HxPartial target="#composer-session">
            <ComposerSession agent={agent} />
          </HxPartial>
          <HxPartial target="#composer-hint">
            <ComposerHint agent={agent} active={state.active} />
          </HxPartial>
          <HxPartial target="#composer-buttons">
            <ComposerButtons {...props} />
          </HxPartial>
        </>
      )}
    </>
  );
}

function BlockUpdates({ update, props }: { update: BlockUpdate; props: SessionProps }) {
  if (update.kind === 'replace') {
    return (
      <HxPartial target="#block-list" swap="outerHTML">
        <BlockList {...props} />
      </HxPartial>
    );
  }
  return (
    <>
      {update.shown.map((command) => (
        <HxPartial key={command.id} target={`#block-footer-${command.id}`}>
          <BlockFooter command={command} />
        </HxPartial>
      ))}
      {update.blocks.length > 0 && (
        <HxPartial target="#blocks" swap="beforeend">
          {update.blocks.map((block) => (
            <Block key={block.command.id} {...block} canSend={props.canSend} />
          ))}
        </HxPartial>
      )}
    </>
  );
}

function toSessionProps({ user, ...state }: AgentState, page: BlockPage): SessionProps {
  return {
    ...state,
    ...page,
    canSend: isPermitted(user.role, 'commands:send'),
    canInterrupt: isPermitted(user.role, 'commands:interrupt'),
  };
}

/** Fetches all changing parts in one request, which contains the IDs of the last blocks. */
function AgentUpdates({ agentId }: { agentId: string }) {
  return (
    <div
      hidden
      data-updates-queue
      hx-get={agentLiveUrl(agentId)}
      hx-include={`#blocks > :nth-last-child(-n+${COMPARED_BLOCKS}) [name=shown]`}
      hx-trigger={`${triggerOn(agentEvent(agentId), ANY_APPROVAL, REFRESH)}, every 10s`}
      hx-swap="none"
      hx-sync="this:queue last"
    />
  );
}

/** Pending requests stay above the composer, because the command continues only after a response. */
function AgentApprovals({ user, pending }: Pick<AgentState, 'user' | 'pending'>) {
  return (
    <section id="agent-approvals" class="pinned" aria-label="Pending approval requests">
      <ApprovalCards pending={pending} user={user} omit="agent" />
    </section>
  );
}
