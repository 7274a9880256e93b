// A hub among others: it keeps its lease, publishes the state of its agents, and follows what the others store.
import type { Bus } from '../../bus/bus.ts';
import type { HubToDashboard } from '../../protocol/hub-to-dashboard.ts';
import { hasEnded } from '../../protocol/command-status.ts';
import type { Unversioned } from '../../protocol/message.ts';
import {
  type CachedTable,
  type ClusterStore,
  type HubReport,
  isNodeInUse,
  isSchemaError,
  LEASE_MS,
  RENEW_MS,
} from '../../store/cluster.ts';
import type { HubContext } from '../context.ts';
import { TABLES_TOPIC } from './announce-writes.ts';
import { createCountedWarning } from '../counted-warning.ts';
import { isLeader } from './leader.ts';
import type { Presence } from '../presence.ts';
import type { Claims } from './claims.ts';
import {
  type CommittedOutput,
  type FollowedOutput,
  type LiveOutput,
  outputTopic,
} from './followed-output.ts';
import type { StoredChunk } from '../../store/store.ts';
import type { TerminalBuffer } from '../state/terminal-buffer.ts';
import {
  type AgentsNotice,
  type HubMessages,
  isAgentsNotice,
  isCommittedNotice,
  isTablesNotice,
} from './messages.ts';
import type { Mirror } from './mirror.ts';
import type { SharedOwnership } from './ownership.ts';
import { registerHub } from './register.ts';

/** How often what the bus may have lost is looked for. */
const POLL_MS = 1_000;
/** Changes of agents within this time are published together. */
const PUBLISH_MS = 5;
/** When states of agents that could not be published are published again. */
const RETRY_MS = 1_000;

/** The topics of the bus. */
const AGENTS = 'agents';
const OUTPUT = 'output';

export interface ClusterParts {
  claims: Claims;
  mirror: Mirror;
  output: FollowedOutput;
  presence: Presence;
  /** Reads tables again that other hubs have changed. */
  reloadTables: (tables: readonly CachedTable[]) => Promise<void>;
  /** What this hub reports when it renews its lease. */
  report: () => HubReport;
  announceTurn: (turn: { commandId: string; agentId: string }) => void;
}

export interface ClusterIdentity {
  cluster: ClusterStore;
  bus: Bus;
  messages: HubMessages;
  hubId: string;
  node: string;
  version: string;
  ownership: SharedOwnership;
}

/** Collects what this hub has to tell the others, from before its parts exist. */
export function createNotices(
  { cluster, bus, ownership }: ClusterIdentity,
  { clock, log, state }: Pick<HubContext, 'clock' | 'log' | 'state'>,
) {
  const warnPublishing = createCountedWarning(clock, log, 'Could not publish the state of agents.');
  let presence: Presence | null = null;
  const agentIds = new Set<string>();
  const turns = new Map<string, string>();
  const ended = new Set<string>();

  const committed = new Map<string, CommittedOutput>();
  const live = new Map<string, LiveOutput>();
  let isScheduled = false;
  let isOutputScheduled = false;

  /** All commits of one group resolve in one turn, and so do the chunks of one message. */
  function scheduleOutput() {
    if (isOutputScheduled) return;
    isOutputScheduled = true;
    setImmediate(() => {
      isOutputScheduled = false;
      for (const [commandId, output] of live) bus.publish(outputTopic(commandId), output);
      live.clear();
      if (committed.size > 0) bus.publish(OUTPUT, [...committed.values()]);
      committed.clear();
    });
  }

  async function publish() {
    isScheduled = false;
    const changed = [...agentIds];
    const notice: AgentsNotice = {
      agentIds: changed,
      turns: [...turns].map(([commandId, agentId]) => ({ commandId, agentId })),
      ended: [...ended],
    };
    ended.clear();
    agentIds.clear();
    turns.clear();
    const states = changed.flatMap((agentId) => {
      const agent = state.agents.get(agentId);
      if (!agent || !presence || !ownership.owns(agentId)) return [];
      const fence = ownership.fenceOf(agentId);
      const published = {
        summary: presence.summarize(agent),
        stopping: [...agent.stopping],
        terminalSize: agent.terminalSize,
        instanceId: agent.connection.link && agent.connection.instanceId,
        // The previous version requires it. Since then, the table of commands says which have ended.
        ended: [],
      };
      return [{ ...fence, published }];
    });
    try {
      if (states.length > 0) await cluster.publishStates(states);
    } catch (error) {
      warnPublishing({ error });
      clock.after(RETRY_MS, () => changed.forEach(addAgent));
    }
    bus.publish(AGENTS, notice);
  }

  function schedule() {
    if (isScheduled) return;
    isScheduled = true;
    clock.after(PUBLISH_MS, () => void publish());
  }

  function addAgent(agentId: string) {
    agentIds.add(agentId);
    schedule();
  }

  return {
    connect(parts: { presence: Presence }) {
      presence = parts.presence;
    },
    addAgent,
    /** Notes a message about an agent. */
    addMessage(agentId: string, body: Unversioned<HubToDashboard>) {
      if (!ownership.owns(agentId)) return;
      if (body.type === 'command:status' && hasEnded(body.status)) ended.add(body.commandId);
      if (body.type === 'turn:updated') turns.set(body.commandId, agentId);
      addAgent(agentId);
    },
    /** Notes that output of a command was committed. */
    addOutput({ commandId, agentId, storedNextSequence: nextSequence }: TerminalBuffer) {
      const { epoch } = ownership.fenceOf(agentId);
      committed.set(commandId, { commandId, epoch, nextSequence });
      scheduleOutput();
    },
    /** Notes output that is not committed yet. */
    addChunk({ commandId, agentId }: TerminalBuffer, chunk: StoredChunk) {
      if (!ownership.owns(agentId)) return;
      const { epoch } = ownership.fenceOf(agentId);
      live.getOrInsertComputed(commandId, () => ({ epoch, chunks: [] })).chunks.push(chunk);
      scheduleOutput();
    },
    addTable: (table: CachedTable) => bus.publish(TABLES_TOPIC, [table]),
  };
}

/** Joins the other hubs. Returns how to leave them. @throws if another hub has the same name */
export async function joinCluster(
  { cluster, bus, messages, hubId, node, version, ownership }: ClusterIdentity,
  { state, clock, log }: Pick<HubContext, 'state' | 'clock' | 'log'>,
  { claims, mirror, output, reloadTables, report, announceTurn }: ClusterParts,
) {
  let cursor = (await cluster.listChanges(null)).cursor;
  let isPolling = false;
  let isRenewing = false;
  let isFirst = false;
  const unusable = Promise.withResolvers<Error>();
  const warnRenewal = createCountedWarning(clock, log, 'Could not renew the lease of this hub.');
  const warnPoll = createCountedWarning(
    clock,
    log,
    'Could not read the changes of other hubs from the database.',
  );
  /** Since when the lease has been renewed in time, and when it was renewed last, on the monotonic clock. */
  let aliveSince = clock.monotonic();
  let renewedAt = aliveSince;
  await registerHub(cluster, { node, hubId, version }, { clock, log });
  await renew();

  async function renew() {
    if (isRenewing) return;
    isRenewing = true;
    try {
      const sentAt = clock.monotonic();
      const isKnown = await cluster.renew(hubId, report());
      const now = clock.monotonic();
      // It was renewed at some time between the two.
      const isLate = now - renewedAt > LEASE_MS;
      renewedAt = sentAt;
      if (isLate) {
        aliveSince = now;
        // Others may have claimed what this hub has owned.
        void mirror.update(ownership.list());
      }
      if (!isKnown) await cluster.register({ node, hubId, version });
      isFirst = isLeader(await cluster.listHubs(), hubId);
    } catch (error) {
      warnRenewal({ error });
      if (isSchemaError(error) || isNodeInUse(error)) unusable.resolve(error);
    } finally {
      isRenewing = false;
    }
  }

  /** Agents whose owner has died are claimed, so that their commands are ended or sent in time. */
  async function claimOrphans() {
    const orphans = [...state.agents.values()].filter((agent) => {
      const queue = state.commandQueue.get(agent.agentId) ?? [];
      const hasWork = agent.current !== null || agent.stopping.size > 0 || queue.length > 0;
      return !ownership.owns(agent.agentId) && agent.remote === null && hasWork;
    });
    if (orphans.length === 0) return;
    // After an outage of the database, all leases have ended, and all hubs must be able to renew theirs.
    const mayClaim = clock.monotonic() - aliveSince >= LEASE_MS;
    for (const { agentId, hubId: owner, isOwned, epoch } of await cluster.listStates(
      orphans.map(({ agentId: id }) => id),
    )) {
      if (isOwned || (owner !== null && !mayClaim)) continue;
      await claims.takeOver(agentId, epoch);
    }
  }

  /** Agents of hubs that have died are offline, until their lease is renewed or another hub owns them. */
  async function checkOwners() {
    const alive = new Set(
      (await cluster.listHubs()).filter((hub) => hub.isAlive).map((hub) => hub.hubId),
    );
    const changed = [...state.agents.values()].filter(({ agentId, remote }) => {
      if (ownership.owns(agentId)) return false;
      const owner = mirror.ownerOf(agentId);
      const isOwned = alive.has(owner?.hubId ?? '') && owner?.published !== null;
      return isOwned !== (remote !== null);
    });
    if (changed.length > 0) await mirror.update(changed.map(({ agentId }) => agentId));
  }

  async function poll() {
    if (isPolling) return;
    isPolling = true;
    try {
      const changes = await cluster.listChanges(cursor);
      if (changes.tables.length > 0) await reloadTables(changes.tables);
      await mirror.update(changes.agentIds);
      await mirror.publishMissed(changes.endedIds);
      mirror.forgetOldEnds();
      // What could not be read is listed again.
      ({ cursor } = changes);
      await checkOwners();
      await claims.repeatFailed();
      await claimOrphans();
      output.poll();
      await mirror.endLate();
    } catch (error) {
      warnPoll({ error });
    } finally {
      isPolling = false;
    }
  }

  const timers = [
    clock.every(RENEW_MS, () => void renew()),
    clock.every(POLL_MS, () => void poll()),
    bus.onGap(() => void poll()),
    messages.subscribe(AGENTS, isAgentsNotice, ({ agentIds, turns, ended }) => {
      const ids = agentIds.filter((agentId) => state.agents.has(agentId));
      void mirror.update(ids).then(() => {
        turns.forEach(announceTurn);
        // What cannot be read is found by the next poll.
        return mirror.publishMissed(ended).catch(() => undefined);
      });
    }),
    messages.subscribe(OUTPUT, isCommittedNotice, output.receiveCommitted),
    messages.subscribe(TABLES_TOPIC, isTablesNotice, (tables) => {
      reloadTables(tables as CachedTable[]).catch((error: unknown) => {
        log.warn('Could not read the changes of other hubs from the database.', { error });
      });
    }),
  ];

  return {
    poll,
    renew,
    /** Whether the lease of this hub has not ended, as far as it knows. */
    hasLease: () => clock.monotonic() - renewedAt <= LEASE_MS,
    /** Whether this hub does the work that one hub does for all. */
    isLeader: () => isFirst,
    /** Resolves when another hub has the name of this one, or a later version has changed the tables so that it cannot use them. */
    unusable: unusable.promise,
    /** Releases all agents, and ends the lease. */
    async leave() {
      for (const cancel of timers) cancel();
      await cluster.leave(hubId);
    },
  };
}
