// The hubs that share the database, for admins.
import { formatDuration } from '../../src/protocol/duration.ts';
import type { HubState, HubSummary } from '../../src/protocol/hubs.ts';
import { Page, type PageContext, type User } from '../components/layout.tsx';
import { Timestamp } from '../components/timestamp.tsx';
import { formatCount, UNKNOWN } from '../format/units.ts';
import { hubsListUrl } from '../urls.ts';

interface HubsPageProps {
  context: PageContext;
  user: User;
  hubs: HubSummary[];
}

/** The page at `/hubs`. */
export function HubsPage({ context, user, hubs }: HubsPageProps) {
  return (
    <Page context={context} user={user} title="Hubs" section="hubs">
      <div class="page-header">
        <h1>Hubs</h1>
      </div>
      <HubList hubs={hubs} />
    </Page>
  );
}

/** The list updates itself every 3 s, as often as hubs report. */
export function HubList({ hubs }: Pick<HubsPageProps, 'hubs'>) {
  return (
    <section
      id="hubs"
      aria-label="Hubs"
      hx-get={hubsListUrl}
      hx-trigger="every 3s"
      hx-swap="outerMorph"
    >
      <ul class="rows">
        {hubs.map((hub) => (
          <HubRow key={hub.node} hub={hub} />
        ))}
      </ul>
    </section>
  );
}

const states: Record<HubState, { label: string; color: string; path: string }> = {
  alive: { label: 'Alive', color: 'completed', path: 'm2.2 7.6 3.2 3.2 6.4-7' },
  draining: { label: 'Shutting down', color: 'running', path: 'M7 2v9m-4-4 4 4 4-4' },
  stopped: { label: 'Stopped', color: 'interrupted', path: 'M3 3h8v8H3z' },
  no_contact: { label: 'No contact', color: 'failed', path: 'm3 3 8 8m0-8-8 8' },
};

function HubRow({ hub }: { hub: HubSummary }) {
  const { label, color, path } = states[hub.state];
  const lags = `bus ${formatLag(hub.busLagMs)}, database ${formatLag(hub.storeLagMs)}`;
  return (
    <li class="row hub" id={`hub-${hub.node}`}>
      <span class="hub-name">
        <b class="mono">{hub.node}</b>
        {hub.isSelf && <span class="badge">This hub</span>}
        <span class="hint"> {hub.version}</span>
      </span>
      <span class={`status status-${color}`}>
        <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">
          <path d={path} class="stroke" />
        </svg>
        {label}
      </span>
      <span>
        {formatCount(hub.agents, 'agent')}, {formatCount(hub.dashboards, 'dashboard')}
      </span>
      <span title="How long its last message on the bus and its last commit took">Lag: {lags}</span>
      <span>
        Started <Timestamp at={hub.startedAt} />
      </span>
      <span>
        Last contact <Timestamp at={hub.lastContactAt} />
      </span>
    </li>
  );
}

const formatLag = (ms: number | null) => (ms === null ? UNKNOWN : formatDuration(ms));
