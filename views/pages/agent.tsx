// An agent's page: how it is, its terminal, its queue, what it ran, and the box that sends it commands.
import { type AgentSummary, type CommandExecution, hasRole } from '../../src/protocol/entities.ts';
import { agentAddress, agentLiveAddress } from '../addresses.ts';
import { AgentNotice } from '../components/agent-notice.tsx';
import { ApprovalCards, type Question } from '../components/approval-card.tsx';
import { Composer, ComposerHint, ComposerSession } from '../components/composer.tsx';
import { ANY_APPROVAL, ofAgent, REFRESH, whenever } from '../events.ts';
import { type Frame, Page, type Reader } from '../components/layout.tsx';
import { Partial } from '../components/partial.tsx';
import { Queue } from '../components/queue.tsx';
import { Recent } from '../components/recent.tsx';
import { AgentStatusWord, lampOf, SignalHead } from '../components/status.tsx';
import { Signs } from '../components/liveness.tsx';
import { type Shown, TerminalHead, TerminalScreen } from '../components/terminal.tsx';
import { agentTypes } from '../format/labels.ts';

/** Everything on an agent's page that changes. */
export interface AgentState {
  reader: Reader;
  agent: AgentSummary;
  live: CommandExecution[];
  recent: CommandExecution[];
  shown: Shown | null;
  /** The open ones of this agent, oldest first. */
  questions: Question[];
}

/** The page at `/agents/:id`. */
export function AgentPage(props: AgentState & { frame: Frame; requestId: string }) {
  const { agent, reader, shown, frame } = props;
  const operates = hasRole(reader.role, 'operator');
  return (
    <Page frame={frame} reader={reader} title={agent.agentId} section="agents">
      <AgentHead agent={agent} reader={reader} />
      <AgentNotice agent={agent} />
      <AgentWatch agentId={agent.agentId} chosenId={shown?.chosen ? shown.command.id : null} />
      <div class="desk">
        <div class="desk-main">
          <AgentAsks reader={reader} questions={props.questions} />
          <section class="panel terminal-panel" aria-label="Terminal">
            <TerminalHead shown={shown} mayInterrupt={operates} />
            <TerminalScreen />
          </section>
          {operates && <Composer agent={agent} requestId={props.requestId} />}
        </div>
        <div class="desk-side">
          <Queue agent={agent} live={props.live} mayInterrupt={operates} />
          <Recent
            agentId={agent.agentId}
            commands={props.recent}
            shownId={shown?.command.id ?? null}
          />
        </div>
      </div>
    </Page>
  );
}

/** The answer to `/agents/:id/live`: every part of the page that changes, each to its own place. */
export function AgentLive({ reader, agent, live, recent, shown, questions }: AgentState) {
  const operates = hasRole(reader.role, 'operator');
  return (
    <>
      <Partial target="#agent-head">
        <AgentHead agent={agent} reader={reader} />
      </Partial>
      <Partial target="#agent-notice">
        <AgentNotice agent={agent} />
      </Partial>
      <Partial target="#agent-asks">
        <AgentAsks reader={reader} questions={questions} />
      </Partial>
      <Partial target="#terminal-head">
        <TerminalHead shown={shown} mayInterrupt={operates} />
      </Partial>
      <Partial target="#queue">
        <Queue agent={agent} live={live} mayInterrupt={operates} />
      </Partial>
      <Partial target="#recent">
        <Recent agentId={agent.agentId} commands={recent} shownId={shown?.command.id ?? null} />
      </Partial>
      {operates && (
        <>
          <Partial target="#composer-session">
            <ComposerSession agent={agent} />
          </Partial>
          <Partial target="#composer-hint">
            <ComposerHint agent={agent} />
          </Partial>
        </>
      )}
    </>
  );
}

/** Asks for the changed parts, one request for all of them. */
function AgentWatch({ agentId, chosenId }: { agentId: string; chosenId: string | null }) {
  return (
    <div
      hidden
      hx-get={agentLiveAddress(agentId, chosenId ?? undefined)}
      hx-trigger={`${whenever(ofAgent(agentId), ANY_APPROVAL, REFRESH)}, every 10s`}
      hx-swap="none"
      hx-sync="this:queue last"
    />
  );
}

/** What this agent asks, above its terminal: nothing goes on there until somebody answers. */
function AgentAsks({ reader, questions }: Pick<AgentState, 'reader' | 'questions'>) {
  return (
    <section id="agent-asks" aria-label="Open questions">
      <ApprovalCards questions={questions} reader={reader} known="agent" />
    </section>
  );
}

function AgentHead({ agent, reader }: { agent: AgentSummary; reader: Reader }) {
  const lamp = lampOf(agent);
  return (
    <div id="agent-head" class={`agent-head agent-${lamp}`}>
      <SignalHead lamp={lamp} />
      <div>
        <h1 class="plate">{agent.agentId}</h1>
        <p class="agent-facts">
          <AgentStatusWord lamp={lamp} />
          <span>{agentTypes[agent.agentType]}</span>
          <Signs agent={agent} />
        </p>
      </div>
      {hasRole(reader.role, 'admin') && (
        <button
          class="button button-small agent-revoke"
          type="button"
          hx-get={`${agentAddress(agent.agentId)}/revoke`}
          hx-target="#dialog-body"
        >
          Revoke…
        </button>
      )}
    </div>
  );
}
