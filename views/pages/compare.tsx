// The form that sends one prompt to several agents, and the recent comparisons.
import { isPermitted } from '../../src/protocol/permissions.ts';
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { compareUrl } from '../urls.ts';
import { CommandField, SubmitShortcut, TimeoutSelect } from '../components/command-field.tsx';
import { Icon } from '../components/icons.tsx';
import { Page, type PageContext, type User } from '../components/layout.tsx';
import { agentStatusOf, AgentStatusLabel, CommandStatusLabel } from '../components/status.tsx';
import { Timestamp } from '../components/timestamp.tsx';
import { ANY_AGENT, ANY_COMMAND, REFRESH, triggerOn } from '../events.ts';
import { agentTypeLabels } from '../format/labels.ts';

export interface Comparison {
  comparisonId: string;
  /** One per agent. */
  commands: [CommandExecution, ...CommandExecution[]];
}

interface CompareProps {
  context: PageContext;
  user: User;
  agents: AgentSummary[];
  /** Newest first. */
  recent: Comparison[];
  /** Identifies the next comparison, so that submitting the form twice creates one. */
  comparisonId: string;
}

/** The page at `/compare`. */
export function ComparePage({ context, user, agents, recent, comparisonId }: CompareProps) {
  return (
    <Page context={context} user={user} title="Compare" section="compare">
      <div class="page-header">
        <h1>Compare</h1>
      </div>
      {isPermitted(user.role, 'commands:send') && (
        <CompareForm agents={agents} comparisonId={comparisonId} />
      )}
      <RecentComparisons recent={recent} />
    </Page>
  );
}

function CompareForm({ agents, comparisonId }: { agents: AgentSummary[]; comparisonId: string }) {
  return (
    <section class="compare-form panel" aria-label="Compare agents">
      <form
        id="compare"
        hx-post={compareUrl()}
        hx-target="#compare-notice"
        hx-disable="find button[type=submit]"
      >
        <input type="hidden" name="comparisonId" value={comparisonId} />
        <AgentOptions agents={agents} />
        <CommandField
          label="Prompt"
          placeholder="Enter a prompt for all selected agents…"
          describedBy="compare-notice"
          keys="modifier"
        />
        <div class="compare-row">
          <TimeoutSelect />
          <label class="checkbox" title="Start without the context of earlier prompts">
            <input type="checkbox" name="session" value="new" checked />
            <span>New conversations</span>
          </label>
          <p class="compare-hint hint">
            Each agent works in its own folder and counts its changes with Git. <SubmitShortcut />
          </p>
          <button class="button button-primary" type="submit">
            <Icon name="send" />
            Compare
          </button>
        </div>
      </form>
      <div id="compare-notice" data-notice-for="compare" />
    </section>
  );
}

/** The agents to choose from. Updates keep the current choice. */
export function AgentOptions({ agents }: { agents: AgentSummary[] }) {
  return (
    <fieldset
      id="compare-agents"
      class="agent-options"
      hx-get={`${compareUrl()}/agents`}
      hx-trigger={triggerOn(ANY_AGENT, REFRESH)}
      hx-target="this"
      hx-swap="outerMorph"
      hx-sync="this:queue last"
    >
      <legend class="visually-hidden">Agents</legend>
      {agents.length < 2 && (
        <p class="hint">
          A comparison needs at least two agents. <a href="/">Add an agent</a>
        </p>
      )}
      {agents.map((agent) => (
        <AgentOption key={agent.agentId} agent={agent} />
      ))}
    </fieldset>
  );
}

function AgentOption({ agent }: { agent: AgentSummary }) {
  const { agentId, agentType, status } = agent;
  return (
    <label
      id={`compare-agent-${agentId}`}
      class={status === 'offline' ? 'agent-option agent-option-offline' : 'agent-option'}
    >
      <input type="checkbox" name="agentId" value={agentId} />
      <span class="agent-option-name mono">{agentId}</span>
      <span class="facts">
        <AgentStatusLabel status={agentStatusOf(agent)} />
        <span>{agentTypeLabels[agentType]}</span>
      </span>
    </label>
  );
}

export function RecentComparisons({ recent }: { recent: Comparison[] }) {
  return (
    <section
      id="comparisons"
      aria-label="Comparisons"
      hx-get={`${compareUrl()}/recent`}
      hx-trigger={triggerOn(ANY_COMMAND, REFRESH)}
      hx-swap="outerMorph"
      hx-sync="this:queue last"
    >
      {recent.length === 0 && (
        <div class="empty">
          <h2>No comparisons yet</h2>
          <p>
            Send one prompt to several agents and compare their output, time, cost and changes side
            by side.
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
      <div class="row-command">
        <a class="row-link" href={compareUrl(comparisonId)}>
          <code class="one-line">{first.command}</code>
        </a>
      </div>
      <span class="row-agents">
        {commands.map((command) => (
          <span key={command.id}>
            <CommandStatusLabel command={command} /> <span class="mono">{command.agentId}</span>
          </span>
        ))}
      </span>
      <span class="row-date">
        <Timestamp at={first.requestedAt} as="clock" />
      </span>
    </li>
  );
}
