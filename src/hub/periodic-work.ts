// What the hub does from time to time.
import { AGENT_PING_MS, DASHBOARD_PING_MS, HUB_HEARTBEAT_MS } from '../protocol/limits.ts';
import type { Agents } from './agents/agents.ts';
import type { ApiTokens } from './api-tokens.ts';
import type { Dispatcher } from './commands/dispatcher.ts';
import type { HubContext } from './context.ts';
import type { Dashboards } from './dashboards/dashboards.ts';
import type { Retention } from './retention.ts';
import type { Sessions } from './sessions.ts';
import type { Terminals } from './terminals/terminals.ts';

/** How often the hub checks for silent and slow connections. */
const SWEEP_MS = 1_000;
const PURGE_MS = 3_600_000;
/** How often the last contact with the connected agents is stored. */
const CONTACT_MS = 60_000;
/** How often the age of queued commands is checked. */
const QUEUE_CHECK_MS = 10_000;
/** How often the connections to hubs that have ended are marked as closed. */
const CONNECTION_CHECK_MS = 60_000;

export interface PeriodicWorkParts {
  agents: Agents;
  apiTokens: Pick<ApiTokens, 'purge'>;
  dashboards: Dashboards;
  dispatcher: Dispatcher;
  retention: Retention;
  sessions: Pick<Sessions, 'purge'>;
  terminals: Terminals;
  tokenIndex: { purge(): void };
  /** Whether this hub does the work that one of several hubs does for all. */
  isLeader: () => boolean;
  /** Whether other hubs share the store. */
  isShared: boolean;
}

/** Starts the timers. Returns how to stop them. */
export function startPeriodicWork(
  { clock, connectionLog, storeHealth }: HubContext,
  parts: PeriodicWorkParts,
): () => void {
  const { agents, apiTokens, dashboards, dispatcher, retention, sessions, terminals } = parts;
  const { tokenIndex, isLeader, isShared } = parts;

  function purge() {
    if (!isLeader()) return;
    retention.purge();
    void sessions.purge();
    tokenIndex.purge();
    apiTokens.purge();
  }

  if (isLeader()) retention.purge();
  const timers = [
    storeHealth.stop,
    clock.every(AGENT_PING_MS, agents.ping),
    clock.every(DASHBOARD_PING_MS, dashboards.ping),
    clock.every(HUB_HEARTBEAT_MS, dashboards.sendHeartbeat),
    clock.every(PURGE_MS, purge),
    clock.every(CONTACT_MS, agents.saveContacts),
    clock.every(QUEUE_CHECK_MS, dispatcher.checkQueues),
    clock.every(CONNECTION_CHECK_MS, () => {
      // The open connections of a hub that is alone are its own.
      if (isShared && isLeader()) void connectionLog.closeAll();
    }),
    clock.every(SWEEP_MS, () => {
      agents.sweep();
      dashboards.sweep();
      terminals.freeMemory();
      if (storeHealth.isDiskFull()) retention.freeDisk();
    }),
  ];
  return () => {
    for (const cancel of timers) cancel();
  };
}
