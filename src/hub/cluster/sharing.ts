// What is different for a hub that shares its store with others (docs/architecture.md, "Several hubs"): all of it in one place.
// A hub that is alone does not load this module (alone.ts), so it does not pay for it.
import type { Bus } from '../../bus/bus.ts';
import { CloseCode } from '../../protocol/close-codes.ts';
import { hasEnded } from '../../protocol/command-status.ts';
import type { HubToDashboard } from '../../protocol/hub-to-dashboard.ts';
import type { Unversioned } from '../../protocol/message.ts';
import type { CachedTable, ClusterStore, HubReport, SharedStore } from '../../store/cluster.ts';
import { type Clock, wait } from '../../protocol/clock.ts';
import type { Claimed } from '../agents/arrivals.ts';
import type { Log } from '../log.ts';
import type { HubContext } from '../context.ts';
import { type AgentConnection, createAgentConnection } from '../state/agent.ts';
import type { ServerState } from '../state/server-state.ts';
import { announceWrites } from './announce-writes.ts';
import { createCalls } from './calls.ts';
import { type ClaimsParts, createClaims } from './claims.ts';
import { createNotices, joinCluster } from './cluster.ts';
import { createFencedStore } from './fenced-store.ts';
import { createFollowedOutput, type FollowedOutput } from './followed-output.ts';
import type { StoredChunk } from '../../store/store.ts';
import type { TerminalBuffer } from '../state/terminal-buffer.ts';
import { ownOutput, type OutputSource } from '../terminals/output-source.ts';
import { createHubMessages, isLiveNotice } from './messages.ts';
import { createOutputEpochs } from './output-epochs.ts';
import { createMirror, type MirrorParts } from './mirror.ts';
import { createSharedOwnership, type Ownership } from './ownership.ts';
import { endRemovedAgents } from './removed-agents.ts';
import { createRouter, type Router } from './routes.ts';
import { watchLease } from './stranded.ts';

/** How long the owner of an agent has to find out whether its connection still answers. */
const MOVE_MS = 4_000;

type Parts = Omit<ClaimsParts, 'mirror' | 'output'> &
  Omit<MirrorParts, 'output'> & {
    /** Reads tables again that other hubs have changed. */
    reloadTables: (tables: readonly CachedTable[]) => Promise<void>;
    /** What this hub reports when it renews its lease. */
    report: () => HubReport;
  };

/** A hub among others. */
export interface Member {
  /** Gives all agents up, one by one: they connect to other hubs. */
  handOver(): Promise<void>;
  /** Ends the lease. */
  leave(): Promise<void>;
  /** Looks for what other hubs have changed. */
  poll(): Promise<void>;
  /** Whether the lease of this hub has not ended, as far as it knows. */
  hasLease(): boolean;
  /** Resolves when another hub has the name of this one, or a later version has changed the tables so that it cannot use them. */
  unusable: Promise<Error>;
}

export interface Sharing {
  store: SharedStore;
  ownership: Ownership;
  /** Identifies this start of the hub; undefined if it is alone. */
  hubId: string | undefined;
  /** Whether this hub does the work that one hub does for all. */
  isLeader: () => boolean;
  /** Called for each message about an agent. */
  onAgentMessage: (agentId: string, body: Unversioned<HubToDashboard>) => void;
  onOutputStored: (buffer: TerminalBuffer) => void;
  /** Called for each chunk of output; undefined if nobody needs it. */
  onChunk: ((buffer: TerminalBuffer, chunk: StoredChunk) => void) | undefined;
  output: OutputSource;
  route: Router['route'];
  claim: (agentId: string, instanceId: string) => Promise<Claimed>;
  /** Joins the other hubs, and restores the state from the store. Null for a hub that is alone. */
  join: ((context: HubContext, parts: Parts) => Promise<Member>) | null;
}

/** For a hub among others. */
export function createSharing(
  {
    node,
    version,
    bus,
    isSystemReady,
  }: {
    node: string;
    version: string;
    bus: Bus;
    /** Whether a client that connects now reaches a hub that is ready. */
    isSystemReady?: (() => Promise<boolean>) | undefined;
  },
  {
    store,
    cluster,
    clock,
    log,
    state,
  }: {
    store: SharedStore;
    cluster: ClusterStore;
    clock: Clock;
    log: Log;
    state: ServerState;
  },
): Sharing {
  const hubId = crypto.randomUUID();
  let refresh: Ownership['refresh'] = () => Promise.resolve();
  const ownership = createSharedOwnership({
    notify: (agentId) => notices.addAgent(agentId),
    refresh: (agentId) => refresh(agentId),
  });
  const messages = createHubMessages(bus, { clock, log });
  const identity = { cluster, bus, messages, hubId, node, version, ownership };
  const notices = createNotices(identity, { clock, log, state });
  const router = createRouter({ cluster, hubId, ownership });
  let isLeaving = false;
  let output: FollowedOutput | null = null;
  let open: OutputSource['open'] = () => Promise.resolve(false);
  let epochs: ReturnType<typeof createOutputEpochs> = ownOutput;
  let isLeader = () => false;
  let ofApproval: (approvalId: string) => string | undefined = () => undefined;
  let lose: (agentId: string) => void = () => undefined;
  let noteEnd: (commandId: string) => void = () => undefined;
  let claim: Sharing['claim'] = () => Promise.reject(new Error('The hub has not started.'));
  const fenced = createFencedStore(store, cluster, {
    state,
    ownership,
    ofApproval: (approvalId) => ofApproval(approvalId),
    // A write with an earlier epoch can fail after this hub has claimed the agent again.
    onFenced: ({ agentId, epoch }) => {
      if (epoch === ownership.fenceOf(agentId).epoch) lose(agentId);
    },
  });

  /** Waits for work, but not longer than that. Returns undefined if it takes longer. */
  const within = <T>(ms: number, work: Promise<T>): Promise<T | undefined> =>
    Promise.race([work, wait(clock, ms).then(() => undefined)]);

  async function restore(mirror: ReturnType<typeof createMirror>) {
    for (const agent of await store.agents.list()) {
      state.agents.set(agent.agentId, createAgentConnection(agent));
    }
    await mirror.update(state.agents.keys());
  }

  return {
    store: announceWrites(fenced, notices.addTable),
    ownership,
    hubId,
    isLeader: () => isLeader(),
    onAgentMessage(agentId, body) {
      if (body.type === 'command:status' && hasEnded(body.status)) noteEnd(body.commandId);
      notices.addMessage(agentId, body);
    },
    onOutputStored: notices.addOutput,
    onChunk: bus.isLive ? notices.addChunk : undefined,
    output: {
      refresh: (commandId) => output?.refresh(commandId),
      isShared: true,
      open: (command) => open(command),
      epochOf: (command) => epochs.epochOf(command),
      isValid: (...args) => epochs.isValid(...args),
    },
    route: router.route,
    claim: (agentId, instanceId) => claim(agentId, instanceId),
    async join(context, parts) {
      const { agents, approvals, presence, turns } = parts;
      const epochOf = (agentId: string) => mirror.ownerOf(agentId)?.epoch ?? 0;
      output = createFollowedOutput(context, {
        ...parts,
        cluster,
        bus: {
          ...bus,
          subscribe: (topic, handle) => messages.subscribe(topic, isLiveNotice, handle),
        },
        epochOf,
      });
      epochs = createOutputEpochs(context, { cluster, ownership, output, epochOf });
      const mirror = createMirror(
        context,
        { cluster, ownership, lose: (agentId) => lose(agentId) },
        { ...parts, output },
      );
      refresh = (agentId) => within(REFRESH_MS, mirror.update([agentId]));
      const followed = output;
      open = async (command) => {
        const { id } = command;
        // Another hub has accepted it, and this one is about to find it.
        if (ownership.owns(command.agentId)) await mirror.update([command.agentId]);
        else if (state.agents.has(command.agentId)) await followed.openAndRead(command);
        if (followed.isFollowed(id) && !state.executions.has(id)) mirror.noteLate([id]);
        return state.terminalBuffers.has(id);
      };
      const claims = createClaims(context, identity, { ...parts, mirror, output });
      ofApproval = approvals.agentOf;
      ({ lose } = claims);
      ({ noteEnd } = mirror);
      notices.connect({ presence });
      const calls = createCalls({ bus, clock, hubId, messages }, async (method, args) => {
        const [agentId, instanceId] = args;
        if (method !== MOVE) return router.answer(method, args);
        return agents.mayMove(String(agentId), String(instanceId));
      });
      router.connect({ calls, claims, mirror });

      claim = async (agentId, instanceId) => {
        if (isLeaving) return 'moved';
        const reading = cluster.listStates([agentId]).then(([stored]) => stored);
        const owner = ownership.owns(agentId)
          ? await within(REFRESH_MS, reading).catch(() => undefined)
          : await reading;
        // The agent was connected elsewhere since then, and this hub did not know it yet.
        if (owner && owner.epoch > ownership.fenceOf(agentId).epoch) lose(agentId);
        const isElsewhere =
          owner?.isOwned === true && owner.hubId !== null && owner.hubId !== hubId;
        const published = owner?.published;
        // It is asked even if the agent is offline there: it may be storing what the agent has reported at the end.
        if (isElsewhere && published?.instanceId !== instanceId) {
          const answer = calls.call(owner.hubId ?? '', MOVE, [agentId, instanceId], MOVE_MS);
          // A hub that does not answer cannot hold the agent.
          if ((await answer.catch(() => true)) === false) return 'in_use';
        }
        await claims.claim(agentId);
        // Another hub can have claimed it since then.
        return ownership.owns(agentId) ? 'claimed' : 'moved';
      };

      const { reloadTables, report } = parts;
      const announceTurn = turns.announce;
      const member = await joinCluster(identity, context, {
        claims,
        mirror,
        output,
        presence,
        reloadTables,
        report,
        announceTurn,
      });
      ({ isLeader } = member);
      await restore(mirror);
      async function hasOthers(): Promise<boolean> {
        const hubs = await cluster.listHubs().catch(() => []);
        return hubs.some((hub) => hub.isAlive && hub.hubId !== hubId);
      }

      const isRead = (commandId: string) => parts.subscriptions.exist(commandId);
      const timers = [
        clock.every(FREE_MS, () => output?.free(isRead)),
        endRemovedAgents({ clock, log }, { cluster, claims, isLeader: member.isLeader }),
      ];
      if (isSystemReady) {
        const { hasLease } = member;
        timers.push(watchLease({ clock, log }, { hasLease, isSystemReady, moveClients }));
      }
      return {
        poll: member.poll,
        hasLease: member.hasLease,
        unusable: member.unusable,
        async handOver() {
          isLeaving = true;
          const deadline = clock.monotonic() + HAND_OVER_MS;
          await within(COMMIT_MS, member.renew());
          if ((await within(COMMIT_MS, hasOthers())) ?? true) await wait(clock, NOTICE_MS);
          await within(COMMIT_MS, claims.stop());
          for (const agentId of ownership.list()) {
            // The sockets of the others are closed all at once.
            if (clock.monotonic() >= deadline) break;
            const agent = state.agents.get(agentId);
            if (agent) await release(agent).catch((error: unknown) => warnLeaving(error));
          }
        },
        async leave() {
          for (const cancel of timers) cancel();
          calls.close();
          await member.leave().catch((error: unknown) => warnLeaving(error));
        },
      };

      function moveClients() {
        parts.dashboards.closeAll(CloseCode.goingAway, 'moved');
        agents.closeAll(CloseCode.goingAway, 'moved');
      }

      /** The lease ends by itself. */
      function warnLeaving(error: unknown) {
        log.warn('Could not tell the other hubs that this hub stops.', { error });
      }

      /** Commits what has arrived, then lets the agent connect to another hub. */
      async function release(agent: AgentConnection) {
        const { agentId, current, stopping } = agent;
        agents.ignore(agent);
        for (const commandId of [...(current ? [current.id] : []), ...stopping]) {
          // What cannot be committed is sent again by the agent. A write about an agent of another hub never ends.
          const flushed = ownership.untilLost(agentId, () => parts.terminals.flush(commandId));
          await within(COMMIT_MS, flushed);
        }
        try {
          await within(COMMIT_MS, cluster.release(ownership.fenceOf(agentId)));
        } finally {
          claims.lose(agentId);
        }
      }
    },
  };
}

/** The method by which a hub asks another one whether an agent may connect to it. */
const MOVE = 'agents.move';
/** How long load balancers have to notice that a hub is about to stop, before its agents connect to others. */
const NOTICE_MS = 2_000;
/** How long it may take to give all agents up one by one, before the supervisor of the process loses its patience. */
const HAND_OVER_MS = 20_000;
/** How long the output of a command may take to be committed before its agent connects to another hub. */
const COMMIT_MS = 2_000;
/** How long a request waits for what another hub has published: while the database is away, that is not read. */
const REFRESH_MS = 1_000;
/** How often buffers that nobody reads are freed. */
const FREE_MS = 5_000;
