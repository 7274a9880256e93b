// What ran: every command, newest first, with filters and an "Older" that adds to the list.
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import type { CommandPage, CommandQuery } from '../../src/protocol/api.ts';
import { agentAddress, commandAddress, historyAddress } from '../addresses.ts';
import { CommandTime } from '../components/command-time.tsx';
import { ANY_COMMAND, REFRESH, whenever } from '../events.ts';
import { Icon } from '../components/icons.tsx';
import { type Frame, Page, type Reader } from '../components/layout.tsx';
import { shortId } from '../format/units.ts';
import { Moment } from '../components/moment.tsx';
import { Partial } from '../components/partial.tsx';
import { CommandStatusWord } from '../components/status.tsx';
import { commandStatuses } from '../format/labels.ts';

interface HistoryProps {
  query: CommandQuery;
  page: CommandPage;
}

interface HistoryPageProps extends HistoryProps {
  frame: Frame;
  reader: Reader;
  agents: AgentSummary[];
}

/** The page at `/history`; without a script its form and its "Older" are plain. */
export function HistoryPage({ frame, reader, agents, query, page }: HistoryPageProps) {
  return (
    <Page frame={frame} reader={reader} title="History" section="history">
      <div class="page-head">
        <h1>History</h1>
      </div>
      <Filters agents={agents} query={query} />
      {query.conversationId && <OneConversation conversationId={query.conversationId} />}
      <HistoryList query={query} page={page} />
    </Page>
  );
}

/** The list has the commands of one conversation alone. */
function OneConversation({ conversationId }: { conversationId: string }) {
  return (
    <p class="quiet one-conversation">
      In conversation <code title={conversationId}>{shortId(conversationId)}</code>.{' '}
      <a href="/history">Show everything</a>
    </p>
  );
}

function Filters({ agents, query }: { agents: AgentSummary[]; query: CommandQuery }) {
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
        <span class="visually-hidden">Text in the command</span>
        <input
          type="search"
          name="q"
          value={query.q ?? ''}
          maxlength={256}
          placeholder="Search commands"
        />
      </label>
      <label class="filter">
        <span class="visually-hidden">Agent</span>
        <select name="agentId">
          <option value="">All agents</option>
          {agentIds(agents, query).map((agentId) => (
            <option key={agentId} value={agentId} selected={agentId === query.agentId}>
              {agentId}
            </option>
          ))}
        </select>
      </label>
      <label class="filter">
        <span class="visually-hidden">Status</span>
        <select name="status">
          <option value="">Any status</option>
          {Object.entries(commandStatuses).map(([status, name]) => (
            <option key={status} value={status} selected={status === query.status}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <noscript>
        <button class="button" type="submit">
          Filter
        </button>
      </noscript>
    </form>
  );
}

/** The known agents, and the one asked for even where it has been revoked. */
function agentIds(agents: AgentSummary[], query: CommandQuery): string[] {
  const known = agents.map((agent) => agent.agentId);
  return query.agentId && !known.includes(query.agentId) ? [...known, query.agentId] : known;
}

/** The list under the filters, kept up to date until the reader goes back in time. */
export function HistoryList({ query, page }: HistoryProps) {
  return (
    <section id="history" aria-label="Commands">
      {query.cursor === undefined && <HistoryWatch query={query} />}
      {page.items.length === 0 ? <NothingFound query={query} /> : null}
      <ul id="history-rows" class="rows">
        <HistoryRows page={page} />
      </ul>
      <Older query={query} nextCursor={page.nextCursor} />
    </section>
  );
}

/** The answer to "Older": more rows below, the next "Older", and no more renewing from the top. */
export function HistoryOlder({ query, page }: HistoryProps) {
  const { cursor: _, ...newest } = query;
  return (
    <>
      <Partial target="#history-rows" swap="beforeend">
        <HistoryRows page={page} />
      </Partial>
      <Partial target="#history-older" swap="outerHTML">
        <Older query={query} nextCursor={page.nextCursor} />
      </Partial>
      <Partial target="#history-watch" swap="outerHTML">
        <p id="history-watch" class="quiet">
          New commands are not added while you read older ones.{' '}
          <a href={historyAddress(newest)}>Back to the newest</a>
        </p>
      </Partial>
    </>
  );
}

function HistoryWatch({ query }: { query: CommandQuery }) {
  return (
    <div
      id="history-watch"
      hidden
      hx-get={historyAddress(query, '/history/list')}
      hx-trigger={whenever(ANY_COMMAND, REFRESH)}
      hx-target="#history"
      hx-swap="outerMorph"
      hx-sync="this:queue last"
    />
  );
}

function HistoryRows({ page }: { page: CommandPage }) {
  return (
    <>
      {page.items.map((command) => (
        <HistoryRow key={command.id} command={command} />
      ))}
    </>
  );
}

function HistoryRow({ command }: { command: CommandExecution }) {
  return (
    <li id={`row-${command.id}`} class="row">
      <CommandStatusWord status={command.status} />
      <div class="row-what">
        <a class="row-link" href={commandAddress(command.id)}>
          <code class="one-line">{command.command}</code>
        </a>
        {command.error && <p class="row-error">{command.error.message}</p>}
      </div>
      <a class="row-agent mono" href={agentAddress(command.agentId)}>
        {command.agentId}
      </a>
      <span class="row-by">{command.requestedBy}</span>
      <span class="row-time">
        <CommandTime command={command} />
      </span>
      <span class="row-when">
        <Moment at={command.requestedAt} as="clock" />
      </span>
    </li>
  );
}

function Older({ query, nextCursor }: { query: CommandQuery; nextCursor: string | null }) {
  if (nextCursor === null) return <div id="history-older" />;
  const older = { ...query, cursor: nextCursor };
  return (
    <div id="history-older" class="older">
      <a
        class="button"
        href={historyAddress(older)}
        hx-get={historyAddress(older, '/history/older')}
        hx-swap="none"
      >
        <Icon name="down" />
        Older
      </a>
    </div>
  );
}

function NothingFound({ query }: { query: CommandQuery }) {
  const filtered = query.agentId || query.status || query.q || query.conversationId;
  return (
    <div class="empty">
      <h2>{filtered ? 'Nothing matches' : 'Nothing has run yet'}</h2>
      <p>
        {filtered ? (
          <a href="/history">Show everything</a>
        ) : (
          'Commands sent to agents are listed here, with what came of them.'
        )}
      </p>
    </div>
  );
}
