// The hub: every part of it put together, its memory brought back, its clocks started. It knows no HTTP, no sockets, no SQL.
import type { Clock } from '../protocol/clock.ts';
import { CloseCode } from '../protocol/close-codes.ts';
import {
  AGENT_PING_MS,
  CONNECTION_LOG_MS,
  DASHBOARD_PING_MS,
  HUB_HEARTBEAT_MS,
} from '../protocol/limits.ts';
import type { Store } from '../store/store.ts';
import { createAccounts } from './accounts.ts';
import { createAdmission } from './commands/admission.ts';
import { createAgentPresence } from './presence.ts';
import { createAgents } from './agents/agents.ts';
import { createApprovals } from './approvals.ts';
import { createAuthority, type Publish } from './broadcast.ts';
import { createCompressor, type Deflate } from './compressor.ts';
import { createDashboardInbox } from './dashboards/messages.ts';
import { createDashboards } from './dashboards/dashboards.ts';
import { createDispatcher } from './commands/dispatcher.ts';
import { createEndings } from './commands/completion.ts';
import { createGreeting } from './dashboards/welcome.ts';
import { createHistory } from './commands/history.ts';
import type { Log } from './log.ts';
import { createReaders } from './terminals/subscriptions.ts';
import { createRegistry } from './agents/registry.ts';
import { restore } from './restore.ts';
import { createStorage } from './store-health.ts';
import { createServerState, type HubContext, type HubSettings } from './state/server-state.ts';
import { createTerminals } from './terminals/terminals.ts';

/** How often silence and slowness are looked for. */
const SWEEP_MS = 1_000;
const PURGE_MS = 3_600_000;

export interface HubOptions {
  store: Store;
  clock: Clock;
  log: Log;
  settings: HubSettings;
  publish: Publish;
  /** Names the pages this hub serves, for those that were loaded from another build. */
  build?: string;
  /** Instead of raw deflate. */
  deflate?: Deflate;
}

export type Hub = Awaited<ReturnType<typeof startHub>>;

/**
 * Brings a hub to life with what its store remembers.
 * @throws when the store cannot be read
 */
export async function startHub(options: HubOptions) {
  const { store, clock, log, settings, publish, deflate, build = '' } = options;
  const state = createServerState();
  const storage = createStorage(store, clock, log, (failing) => agents.tellStorage(failing));
  const epoch = Bun.randomUUIDv7();
  const context: HubContext = { state, store, clock, log, settings, storage, build, epoch };
  const authority = createAuthority(state, publish, createCompressor(log, deflate));
  const readers = createReaders(context, authority);
  const terminals = createTerminals(context, {
    numbered: readers.numbered,
    isFollowed: readers.isFollowed,
    committed: (commandId, nextSequence) => agents.acknowledge(commandId, nextSequence),
  });
  const endings = createEndings(context, authority, terminals, readers);
  const presence = createAgentPresence(context, authority);
  const approvals = createApprovals(context, authority, {
    waits: (commandId, waits) => dispatcher.waits(commandId, waits),
  });
  const dispatcher = createDispatcher(context, {
    approvals,
    endings,
    presence,
    readers,
    terminals,
  });
  const admission = createAdmission(context, dispatcher);
  const agents = createAgents(context, {
    approvals,
    authority,
    presence,
    dispatcher,
    endings,
    terminals,
  });
  const greeting = createGreeting(context, { approvals, dispatcher, endings, readers });
  const dashboards = createDashboards(context, { authority, endings, greeting, readers });
  const receive = createDashboardInbox(context, { admission, approvals, dispatcher, readers });

  await restore(context, { admission, approvals, dispatcher, terminals, agents });

  const purge = () => {
    store.connections.purgeBefore(clock.now() - CONNECTION_LOG_MS).catch((error: unknown) => {
      log.warn('The connection log could not be purged.', { error });
    });
  };
  purge();
  const timers = [
    storage.stop,
    clock.every(AGENT_PING_MS, agents.ping),
    clock.every(DASHBOARD_PING_MS, dashboards.ping),
    clock.every(HUB_HEARTBEAT_MS, dashboards.beat),
    clock.every(PURGE_MS, purge),
    clock.every(SWEEP_MS, () => {
      agents.sweep();
      dashboards.sweep();
    }),
  ];

  return {
    epoch,
    state,
    settings,
    storage,
    accounts: createAccounts(context),
    agents,
    approvals,
    dashboards: { ...dashboards, receive },
    commands: {
      request: admission.request,
      compare: admission.compare,
      interrupt: dispatcher.interrupt,
    },
    registry: createRegistry(context, { agents, dispatcher, presence }),
    history: createHistory(context, dispatcher),
    /** Closes every socket with 1001; what is still to be stored is the store's. */
    stop() {
      for (const cancel of timers) cancel();
      dashboards.closeAll(CloseCode.goingAway, 'shutdown');
      agents.closeAll(CloseCode.goingAway, 'shutdown');
    },
  };
}
