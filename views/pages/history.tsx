// The command history, newest first, with filters.
import type { CommandPage, CommandQuery } from '../../src/protocol/api.ts';
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { agentUrl, commandUrl, historyUrl, outputSearchUrl } from '../urls.ts';
import { CommandTime } from '../components/command-time.tsx';
import { HistoryFilters } from '../components/history-filters.tsx';
import { HxPartial } from '../components/hx-partial.tsx';
import { LoadMore } from '../components/load-more.tsx';
import { Page, type PageContext, type User } from '../components/layout.tsx';
import { CommandStatusLabel } from '../components/status.tsx';
import { Timestamp } from '../components/timestamp.tsx';
import { ANY_COMMAND, REFRESH, triggerOn } from '../events.ts';
import { shortenId } from '../format/units.ts';

/** Output is searched for texts of at least as many characters. */
const OUTPUT_QUERY_LENGTH = 3;

interface HistoryProps {
  query: CommandQuery;
  page: CommandPage;
}

interface HistoryPageProps extends HistoryProps {
  context: PageContext;
  user: User;
  agents: AgentSummary[];
}

/** The page at `/history`. */
export function HistoryPage({ context, user, agents, query, page }: HistoryPageProps) {
  return (
    <Page context={context} user={user} title="History" section="history">
      <div class="page-header">
        <h1>History</h1>
      </div>
      <HistoryFilters agents={agents} query={query} />
      {query.conversationId && <ConversationFilter conversationId={query.conversationId} />}
      <HistoryList query={query} page={page} />
    </Page>
  );
}

function ConversationFilter({ conversationId }: { conversationId: string }) {
  return (
    <p class="hint conversation-filter">
      Showing only conversation <code title={conversationId}>{shortenId(conversationId)}</code>.{' '}
      <a href="/history">Show all commands</a>
    </p>
  );
}

/** The list updates itself until the user loads older commands. */
export function HistoryList({ query, page }: HistoryProps) {
  return (
    <section id="history" aria-label="Commands">
      {query.cursor === undefined && <HistoryUpdates query={query} />}
      {query.q !== undefined &&
        query.q !== '' &&
        Array.from(query.q).length < OUTPUT_QUERY_LENGTH && (
          <p class="hint">Output is searched from three characters on.</p>
        )}
      {page.items.length === 0 && <NothingFound query={query} page={page} />}
      <ul id="history-rows" class="rows">
        <HistoryRows query={query} page={page} />
      </ul>
      <LoadOlder query={query} nextCursor={page.nextCursor} />
    </section>
  );
}

/** The response of `/history/older`: adds rows below and stops the updates from the top. */
export function HistoryOlder({ query, page }: HistoryProps) {
  const { cursor: _, ...latest } = query;
  return (
    <>
      <HxPartial target="#history-rows" swap="beforeend">
        <HistoryRows query={query} page={page} />
      </HxPartial>
      <HxPartial target="#history-more" swap="outerHTML">
        <LoadOlder query={query} nextCursor={page.nextCursor} />
      </HxPartial>
      <HxPartial target="#history-updates" swap="outerHTML">
        <p id="history-updates" class="hint">
          Live updates are paused while older commands are shown.{' '}
          <a href={historyUrl(latest)}>Back to latest</a>
        </p>
      </HxPartial>
    </>
  );
}

function HistoryUpdates({ query }: { query: CommandQuery }) {
  return (
    <div
      id="history-updates"
      hidden
      hx-get={historyUrl(query, '/history/list')}
      hx-trigger={triggerOn(ANY_COMMAND, REFRESH)}
      hx-target="#history"
      hx-swap="outerMorph"
      hx-sync="this:queue last"
    />
  );
}

function HistoryRows({ query, page }: HistoryProps) {
  return (
    <>
      {page.items.map((command) => (
        <HistoryRow
          key={command.id}
          command={command}
          line={page.outputLines?.[command.id]}
          q={query.q ?? ''}
        />
      ))}
    </>
  );
}

interface HistoryRowProps {
  command: CommandExecution;
  /** The line of its output that was searched for. */
  line: string | undefined;
  /** What was searched for. */
  q: string;
}

function HistoryRow({ command, line, q }: HistoryRowProps) {
  return (
    <li id={`row-${command.id}`} class="row">
      <CommandStatusLabel command={command} />
      <div class="row-command">
        <a class="row-link" href={commandUrl(command.id)}>
          <code class="one-line">{command.command}</code>
        </a>
        {command.error && <p class="row-error">{command.error.message}</p>}
        {line !== undefined && (
          <a class="row-output" href={outputSearchUrl(command.id, q)} title="Show in the output">
            <code class="one-line">
              <MarkedText text={line} q={q} />
            </code>
          </a>
        )}
      </div>
      <a class="row-agent mono" href={agentUrl(command.agentId)}>
        {command.agentId}
      </a>
      <span class="row-user">{command.requestedBy}</span>
      <span class="row-duration">
        <CommandTime command={command} />
      </span>
      <span class="row-date">
        <Timestamp at={command.requestedAt} as="clock" />
      </span>
    </li>
  );
}

/** Marks what was searched for, as the store finds it: without case. */
function MarkedText({ text, q }: { text: string; q: string }) {
  if (q === '') return <>{text}</>;
  const parts = text.split(new RegExp(`(${RegExp.escape(q)})`, 'iu'));
  // The separators are at the odd places.
  return (
    <>{parts.map((part, index) => (index % 2 === 0 ? part : <mark key={index}>{part}</mark>))}</>
  );
}

function LoadOlder({ query, nextCursor }: { query: CommandQuery; nextCursor: string | null }) {
  const older = nextCursor === null ? null : { ...query, cursor: nextCursor };
  const next = older && {
    url: historyUrl(older),
    fragmentUrl: historyUrl(older, '/history/older'),
  };
  return <LoadMore id="history-more" label="Load more" next={next} />;
}

function NothingFound({ query, page }: HistoryProps) {
  if (page.nextCursor !== null) return null;
  const hasFilters = query.agentId || query.status || query.q || query.conversationId;
  return (
    <div class="empty">
      <h2>{hasFilters ? 'No matching commands' : 'No commands yet'}</h2>
      <p>
        {hasFilters ? (
          <a href="/history">Clear filters</a>
        ) : (
          'Commands sent to agents are listed here.'
        )}
      </p>
    </div>
  );
}
