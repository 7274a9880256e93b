// The filters of the command history. Without scripts they are a plain form.
import { commandStatusLabels } from '../../src/protocol/command-state.ts';
import type { CommandQuery } from '../../src/protocol/api.ts';
import type { AgentSummary } from '../../src/protocol/entities.ts';
import { Icon } from './icons.tsx';

interface FiltersProps {
  agents: AgentSummary[];
  query: CommandQuery;
}

export function HistoryFilters({ agents, query }: FiltersProps) {
  return (
    <form
      class="filters"
      role="search"
      method="get"
      action="/history"
      hx-get="/history/list"
      hx-trigger="submit, change, input delay:300ms"
      hx-target="#history"
      hx-swap="outerMorph"
      hx-sync="this:replace"
    >
      {query.conversationId && (
        <input type="hidden" name="conversationId" value={query.conversationId} />
      )}
      <label class="filter filter-text">
        <Icon name="search" />
        <span class="visually-hidden">Search commands</span>
        <input
          type="search"
          name="q"
          value={query.q ?? ''}
          maxlength={256}
          placeholder="Search commands and output"
        />
      </label>
      <label class="filter">
        <span class="visually-hidden">Agent</span>
        <select name="agentId">
          <option value="">All agents</option>
          {listAgentIds({ agents, query }).map((agentId) => (
            <option key={agentId} value={agentId} selected={agentId === query.agentId}>
              {agentId}
            </option>
          ))}
        </select>
      </label>
      <label class="filter">
        <span class="visually-hidden">Status</span>
        <select name="status">
          <option value="">All statuses</option>
          {Object.entries(commandStatusLabels).map(([status, label]) => (
            <option key={status} value={status} selected={status === query.status}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <noscript>
        <button class="button" type="submit">
          Apply filters
        </button>
      </noscript>
    </form>
  );
}

/** Includes the selected agent even if it has been removed. */
function listAgentIds({ agents, query }: FiltersProps): string[] {
  const ids = agents.map((agent) => agent.agentId);
  return query.agentId && !ids.includes(query.agentId) ? [...ids, query.agentId] : ids;
}
