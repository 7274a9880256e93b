// Creates the hub: builds its parts in dependency order, restores their state and starts the periodic work. It contains
// no HTTP, no sockets and no SQL.
import pLimit from 'p-limit';
import type { Bus } from '../bus/bus.ts';
import type { Clock } from '../protocol/clock.ts';
import { CloseCode } from '../protocol/close-codes.ts';
import type { HubRegistration, SharedStore } from '../store/cluster.ts';
import type { Reload } from '../store/pending-writes.ts';
import { createAccounts } from './accounts.ts';
import { createAgents } from './agents/agents.ts';
import { createAgentFiles } from './agents/files.ts';
import { createAgentMessages } from './agents/messages.ts';
import { createPauseAgents } from './agents/pause.ts';
import { createRegistry } from './agents/registry.ts';
import { createAudit } from './audit.ts';
import { createAgentTokens } from './agents/tokens.ts';
import { createApprovals } from './approvals.ts';
import { createApiTokens } from './api-tokens.ts';
import { createBroadcast, type Publisher } from './broadcast.ts';
import { createAlone, share } from './cluster/alone.ts';
import { createRouted } from './cluster/routed.ts';
import { createSharedTables } from './cluster/shared-tables.ts';
import { createAdmission } from './commands/admission.ts';
import { createCompletion } from './commands/completion.ts';
import { createFileChanges } from './commands/file-changes.ts';
import { createDispatcher } from './commands/dispatcher.ts';
import { createHistory } from './commands/history.ts';
import { createInterrupt } from './commands/interrupt.ts';
import { createOutputDeletion } from './commands/output-deletion.ts';
import { createProgress } from './commands/progress.ts';
import { createQueueChanges } from './commands/queue-changes.ts';
import { createCompressor, type Deflate } from './compressor.ts';
import { createConnectionLog } from './connection-log.ts';
import type { HubContext, HubSettings } from './context.ts';
import { createHubs } from './hubs.ts';
import { createDashboards } from './dashboards/dashboards.ts';
import { createDashboardMessages } from './dashboards/messages.ts';
import { createTerminalInput, type TerminalMessage } from './dashboards/terminal-input.ts';
import { createWelcome } from './dashboards/welcome.ts';
import { createErasure } from './erasure.ts';
import { createMemoryTable } from './expiring-values.ts';
import type { Log } from './log.ts';
import type { PasswordCost } from './password-hash.ts';
import { createPresence } from './presence.ts';
import { createPrompts } from './prompts.ts';
import { createReadiness } from './readiness.ts';
import { startPeriodicWork } from './periodic-work.ts';
import { restore } from './restore.ts';
import { createRetention } from './retention.ts';
import { createSessions } from './sessions.ts';
import { createSingleSignOn } from './single-sign-on.ts';
import { createServerState } from './state/server-state.ts';
import { createStoreHealth } from './store-health.ts';
import { createSubscriptions } from './terminals/subscriptions.ts';
import { createTerminals } from './terminals/terminals.ts';
import { createTwoFactor } from './two-factor.ts';
import { createTokenIndex } from './token-index.ts';
import { createTurns } from './turns.ts';
import { createViews } from './view.ts';

export interface HubOptions {
  store: SharedStore;
  clock: Clock;
  log: Log;
  settings: HubSettings;
  publisher: Publisher;
  /** The name and the version of this hub. */
  self: Pick<HubRegistration, 'node' | 'version'>;
  /** The bus to the other hubs. */
  bus?: Bus;
  /** Identifies the pages this hub serves, so that pages from another build can reload. */
  build?: string;
  /** Replaces the raw DEFLATE compressor. */
  deflate?: Deflate;
  /** Replaces the cost of password hashes. */
  passwordCost?: PasswordCost;
  /** Reads the secrets of the store again, which all hubs share. */
  reloadSecrets?: Reload;
  /** Whether a client that connects to the system of several hubs now reaches one that is ready. */
  isSystemReady?: () => Promise<boolean>;
}

export type Hub = Awaited<ReturnType<typeof startHub>>;

/**
 * Starts a hub with the state in its store.
 * @throws if the store cannot be read
 */
export async function startHub(options: HubOptions) {
  const { clock, log, settings, publisher, deflate, build = '', bus = null } = options;
  const state = createServerState();
  const { cluster } = options.store;
  const sharing =
    bus && cluster
      ? await share(
          { ...options.self, bus, isSystemReady: options.isSystemReady },
          { store: options.store, cluster, clock, log, state },
        )
      : createAlone(options.store);
  const { store, ownership, isLeader, route } = sharing;
  const compress = createCompressor(log, deflate);
  const broadcast = createBroadcast(state, publisher, compress, sharing.onAgentMessage);
  const storeHealth = createStoreHealth(store, clock, log, broadcast);
  const readiness = createReadiness(storeHealth, bus);
  const connectionLog = createConnectionLog(store, clock, log, sharing.hubId);
  const audit = createAudit(store, clock, log, storeHealth);
  const epoch = Bun.randomUUIDv7();
  const context: HubContext = {
    state,
    store,
    expiring: store.expiring ?? createMemoryTable(),
    clock,
    log,
    settings,
    storeHealth,
    connectionLog,
    audit,
    ownership,
    build,
    epoch,
  };
  const subscriptions = createSubscriptions(context, broadcast, compress, sharing.output);
  const retention = createRetention(context);
  const terminals = createTerminals(context, {
    broadcast,
    subscriptions,
    enforceQuota: retention.enforceQuota,
    onStored: sharing.onOutputStored,
    onChunk: sharing.onChunk,
  });
  const turns = createTurns(context, broadcast);
  const presence = createPresence(context, broadcast);
  const approvals = createApprovals(context, broadcast, presence);
  const completion = createCompletion(context, { broadcast, subscriptions, terminals, turns });
  const dispatcher = createDispatcher(context, { approvals, completion, presence });
  const progress = createProgress(context, { completion, dispatcher, presence, terminals, turns });
  const admission = createAdmission(context, { completion, dispatcher, subscriptions, terminals });
  const interrupt = createInterrupt(context, completion, dispatcher);
  const queueChanges = createQueueChanges(context, { completion, dispatcher, presence });
  const files = createAgentFiles(context);
  const tokenIndex = createTokenIndex(context, store.agentTokens, 'sba_');
  const fileChanges = createFileChanges(context);
  const agents = createAgents(context, {
    approvals,
    completion,
    dispatcher,
    fileChanges,
    presence,
    progress,
    terminals,
    tokenIndex,
    turns,
    claim: sharing.claim,
  });
  const sendToOwner = route(
    'terminal',
    ([agentId]) => agentId,
    (agentId: string, message: TerminalMessage) => terminalInput.receive(agentId, message),
    { isRepeatable: false },
  );
  const terminalInput = createTerminalInput(context, (agentId, message) =>
    sendToOwner(agentId, message),
  );
  const welcome = createWelcome(context, { approvals, completion, subscriptions, terminalInput });
  const dashboards = createDashboards(context, {
    broadcast,
    completion,
    subscriptions,
    terminalInput,
    welcome,
  });

  const hubs = createHubs(context, {
    readiness,
    bus,
    countDashboards: dashboards.count,
    self: options.self,
  });
  const sessions = createSessions(context, dashboards);
  const twoFactor = createTwoFactor(context);
  const apiTokens = createApiTokens(context, dashboards);
  const registry = createRegistry(context, {
    agents,
    dashboards,
    dispatcher,
    presence,
    terminals,
    tokenIndex,
  });
  const pauseAgents = createPauseAgents(context, { dispatcher, presence, registry });
  const agentTokens = createAgentTokens(context, { agents, tokenIndex });
  const tables = createSharedTables(context, {
    agentTokens,
    apiTokens,
    registry,
    sessions,
    reloadSecrets: options.reloadSecrets,
  });
  const routed = createRouted(context, route, {
    approvals,
    deleteOutput: createOutputDeletion(context, terminals, retention.enforceQuota),
    fileChanges,
    files,
    interrupt,
    pauseAgents,
    queueChanges,
    registry,
    refresh: tables.caches.refresh,
  });
  const history = createHistory(context, subscriptions.reader, sharing.output);
  const accountChanges = pLimit(1);

  const parts = {
    admission,
    agents,
    approvals,
    completion,
    dashboards,
    dispatcher,
    fileChanges,
    presence,
    queueChanges,
    subscriptions,
    terminalInput,
    terminals,
    turns,
  };
  await Promise.all([sessions.restore(), tokenIndex.restore(), apiTokens.restore()]);
  const { reload: reloadTables } = tables.caches;
  const member = await sharing.join?.(context, { ...parts, reloadTables, report: hubs.report });
  if (member) readiness.watchLease(member.hasLease);
  else await Promise.all([connectionLog.closeAll(), restore(context, parts)]);

  const stopPeriodicWork = startPeriodicWork(context, {
    agents,
    apiTokens,
    dashboards,
    dispatcher,
    retention,
    sessions,
    terminals,
    tokenIndex,
    isLeader,
    isShared: member !== undefined,
  });

  return {
    epoch,
    /** Identifies this start of the hub among those that share the database. */
    hubId: sharing.hubId,
    state,
    settings,
    expiring: context.expiring,
    storeHealth,
    readiness,
    hubs,
    audit,
    eraseUser: createErasure(context, tokenIndex),
    accounts: createAccounts(
      context,
      { sessions, apiTokens, twoFactor, oneAtATime: accountChanges },
      options.passwordCost,
    ),
    singleSignOn: createSingleSignOn(context, {
      sessions,
      apiTokens,
      oneAtATime: accountChanges,
    }),
    sessions: { ...sessions, use: tables.findSession },
    apiTokens: { ...apiTokens, use: tables.findApiToken },
    twoFactor,
    agents: {
      ...agents,
      receive: createAgentMessages(context, { ...parts, files, progress }),
    },
    approvals: { ...approvals, respond: routed.respond },
    dashboards: {
      ...dashboards,
      receive: createDashboardMessages(context, {
        admission,
        approvals: { respond: routed.respond },
        dashboards,
        interrupt: routed.interrupt,
        pauseAgents: routed.pauseAgents,
        queueChanges: routed.queueChanges,
        subscriptions,
        terminalInput,
      }),
    },
    commands: {
      request: admission.request,
      compare: admission.compare,
      interrupt: routed.interrupt,
      deleteOutput: routed.deleteOutput,
    },
    queue: routed.queueChanges,
    pauseAgents: routed.pauseAgents,
    prompts: createPrompts(context),
    files: { search: routed.searchFiles },
    revertFile: routed.revertFile,
    registry: {
      ...registry,
      remove: routed.removeAgent,
      lookUpTokenId: tables.findAgentTokenId,
    },
    agentTokens,
    caches: tables.caches,
    history,
    /** What a user may see. */
    viewFor: createViews(state, { registry, history, approvals, fileChanges, hubs, turns }),
    /** Resolves when another hub has its name, or a later version has changed the database so that it cannot use it. */
    unusable: member?.unusable ?? new Promise<Error>(() => undefined),
    /** Gives all agents up, one by one, so that they connect to other hubs. */
    handOver: () => member?.handOver(),
    /** Ends the lease of the hub. Its agents have other owners from then on. */
    leave: () => member?.leave(),
    /** Closes every socket with 1001. Pending writes are committed when the store is closed. */
    stop() {
      stopPeriodicWork();
      tables.caches.stop();
      const reason = member ? 'moved' : 'shutdown';
      dashboards.closeAll(CloseCode.goingAway, reason);
      agents.closeAll(CloseCode.goingAway, reason);
    },
  };
}
