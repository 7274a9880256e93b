// The same prompt for several agents at once: the form that sends it, and the comparisons made so far.
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { hasRole } from '../../src/protocol/entities.ts';
import { compareAddress } from '../addresses.ts';
import { CommandField, TimeLimit } from '../components/composer.tsx';
import { ANY_AGENT, ANY_COMMAND, REFRESH, whenever } from '../events.ts';
import { Icon } from '../components/icons.tsx';
import { type Frame, Page, type Reader } from '../components/layout.tsx';
import { Moment } from '../components/moment.tsx';
import { AgentStatusWord, CommandStatusWord, lampOf } from '../components/status.tsx';
import { agentTypes } from '../format/labels.ts';

/** Commands that are compared with each other, in the order of their agents. */
export interface Comparison {
  comparisonId: string;
  commands: [CommandExecution, ...CommandExecution[]];
}

interface CompareProps {
  reader: Reader;
  agents: AgentSummary[];
  /** Newest first. */
  recent: Comparison[];
}

/** The page at `/compare`. `comparisonId` is the page's own name for the next one: sent twice, it still runs once. */
export function ComparePage(props: CompareProps & { frame: Frame; comparisonId: string }) {
  const { frame, reader, agents, recent, comparisonId } = props;
  return (
    <Page frame={frame} reader={reader} title="Compare" section="compare">
      <div class="page-head">
        <h1>Compare</h1>
      </div>
      {hasRole(reader.role, 'operator') && (
        <CompareForm agents={agents} comparisonId={comparisonId} />
      )}
      <RecentComparisons recent={recent} />
    </Page>
  );
}

function CompareForm({ agents, comparisonId }: { agents: AgentSummary[]; comparisonId: string }) {
  return (
    <section class="composer panel" aria-label="Compare agents">
      <form
        id="compare"
        hx-post={compareAddress()}
        hx-target="#compare-note"
        hx-disable="find button[type=submit]"
      >
        <input type="hidden" name="comparisonId" value={comparisonId} />
        <CompareAgents agents={agents} />
        <CommandField
          label="Prompt"
          placeholder="One prompt for all of them…"
          describedBy="compare-note"
        />
        <div class="composer-row">
          <TimeLimit />
          <label class="check" title="Forget what was said before: none has a head start">
            <input type="checkbox" name="session" value="new" checked />
            <span>New conversations</span>
          </label>
          <button class="button button-first composer-send" type="submit">
            <Icon name="send" />
            Compare
          </button>
        </div>
      </form>
      <div id="compare-note" data-note-for="compare" />
      <p class="composer-hint">
        Each works in its own folder: what each has changed is counted there by git.{' '}
        <span class="composer-keys">Ctrl or ⌘ with Enter sends.</span>
      </p>
    </section>
  );
}

/** Whom to ask. Renewed as agents come and go; what is chosen stays chosen. */
export function CompareAgents({ agents }: { agents: AgentSummary[] }) {
  return (
    <fieldset
      id="compare-agents"
      class="runners"
      hx-get={`${compareAddress()}/agents`}
      hx-trigger={whenever(ANY_AGENT, REFRESH)}
      hx-target="this"
      hx-swap="outerMorph"
      hx-sync="this:queue last"
    >
      <legend class="visually-hidden">Agents</legend>
      {agents.length < 2 && (
        <p class="quiet">
          It takes at least two agents. <a href="/">Add another</a>
        </p>
      )}
      {agents.map((agent) => (
        <CompareAgent key={agent.agentId} agent={agent} />
      ))}
    </fieldset>
  );
}

function CompareAgent({ agent }: { agent: AgentSummary }) {
  const { agentId, agentType, status } = agent;
  return (
    <label
      id={`compare-agent-${agentId}`}
      class={status === 'offline' ? 'runner runner-away' : 'runner'}
    >
      <input type="checkbox" name="agentId" value={agentId} />
      <span class="runner-name mono">{agentId}</span>
      <span class="facts">
        <AgentStatusWord lamp={lampOf(agent)} />
        <span>{agentTypes[agentType]}</span>
      </span>
    </label>
  );
}

/** The comparisons made last, kept up to date. */
export function RecentComparisons({ recent }: Pick<CompareProps, 'recent'>) {
  return (
    <section
      id="comparisons"
      aria-label="Comparisons"
      hx-get={`${compareAddress()}/recent`}
      hx-trigger={whenever(ANY_COMMAND, REFRESH)}
      hx-swap="outerMorph"
      hx-sync="this:queue last"
    >
      {recent.length === 0 && (
        <div class="empty">
          <h2>Nothing compared yet</h2>
          <p>
            Give one prompt to several agents: their terminals stand side by side, with the time,
            the cost and the size of the change of each.
          </p>
        </div>
      )}
      <ul class="rows">
        {recent.map((comparison) => (
          <ComparisonRow key={comparison.comparisonId} {...comparison} />
        ))}
      </ul>
    </section>
  );
}

function ComparisonRow({ comparisonId, commands }: Comparison) {
  const [first] = commands;
  return (
    <li id={`comparison-${comparisonId}`} class="row row-comparison">
      <div class="row-what">
        <a class="row-link" href={compareAddress(comparisonId)}>
          <code class="one-line">{first.command}</code>
        </a>
      </div>
      <span class="row-runners">
        {commands.map(({ id, agentId, status }) => (
          <span key={id}>
            <CommandStatusWord status={status} /> <span class="mono">{agentId}</span>
          </span>
        ))}
      </span>
      <span class="row-when">
        <Moment at={first.requestedAt} as="clock" />
      </span>
    </li>
  );
}
