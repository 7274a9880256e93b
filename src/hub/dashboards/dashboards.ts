// The connections of dashboards: connect, drop, resume, end (docs/protocol.md, "Reconnect").
import { CloseCode, type CloseReason } from '../../protocol/close-codes.ts';
import { nextConnectionState } from '../../protocol/connection-state.ts';
import { ACCEPTS_RESET, type DashboardConnect } from '../../protocol/dashboard-to-hub.ts';
import {
  DASHBOARD_SILENCE_MS,
  INPUT_RATE,
  MESSAGE_RATE,
  RECONNECT_WINDOW_MS,
  REJECTED_FRAME_RATE,
} from '../../protocol/limits.ts';
import { type Broadcast, DASHBOARDS_TOPIC, HEARTBEAT_TOPIC, topicFor } from '../broadcast.ts';
import type { Completion } from '../commands/completion.ts';
import type { HubContext } from '../context.ts';
import { seesAllAgents } from '../grants.ts';
import type { DashboardLink } from '../link.ts';
import { createTokenBucket } from '../rate-limit.ts';
import type { DashboardConnection, Identity } from '../state/dashboard.ts';
import type { Subscriptions } from '../terminals/subscriptions.ts';
import { findReplaceable } from './places.ts';
import type { TerminalInput } from './terminal-input.ts';
import type { Welcome } from './welcome.ts';

/** Close reason for a dashboard that has been silent. It can resume. */
const SILENT: CloseReason = 'silent';

/** A close without a code is reported as 1005: `ws.close()` in a browser. */
const CLEAN_CODES = new Set<number>([CloseCode.normal, CloseCode.goingAway, 1005]);

export interface DashboardsParts {
  broadcast: Broadcast;
  completion: Completion;
  subscriptions: Subscriptions;
  terminalInput: TerminalInput;
  welcome: Welcome;
}

/** Why a session has ended: by itself, or because the role or the agents of its user changed. */
export type SessionEnd = 'revoked' | 'access_changed';

export type Dashboards = ReturnType<typeof createDashboards>;

export function createDashboards(context: HubContext, parts: DashboardsParts) {
  const { state, clock, settings, connectionLog } = context;
  const { broadcast, completion, subscriptions, terminalInput, welcome } = parts;
  const byLink = new Map<DashboardLink, DashboardConnection>();

  /** The connection that a dashboard may resume. */
  function findResumable(identity: Identity, { resume }: DashboardConnect) {
    const known = state.dashboards.get(resume?.connectionId ?? '');
    if (!known || known.hubEpoch !== resume?.hubEpoch) return undefined;
    // It may have terminals that it does not follow at the moment, and whose sequences do not hold anymore.
    if (!known.acceptsReset && known.hubEpoch !== context.epoch) return undefined;
    return known.userId === identity.userId ? known : undefined;
  }

  function createConnection(link: DashboardLink, identity: Identity, message: DashboardConnect) {
    const dashboard: DashboardConnection = {
      id: Bun.randomUUIDv7(),
      userId: identity.userId,
      hubEpoch: context.epoch,
      role: identity.role,
      agents: identity.agents,
      sessionId: identity.sessionId,
      address: identity.address,
      connectionTime: clock.now(),
      lastActivity: clock.now(),
      lastHeardAt: clock.monotonic(),
      state: 'CONNECTING',
      clientInfo: message.clientInfo,
      link,
      terminals: message.terminals ?? 'all',
      accepts: null,
      acceptsReset: false,
      subscriptions: new Map(),
      attaching: new Map(),
      confirmedCompletions: completion.publishedCount(),
      lastPing: 0,
      unansweredPings: new Map(),
      backlogSince: null,
      isReadingOutput: false,
      slowSince: null,
      messageBudget: createTokenBucket(clock, MESSAGE_RATE),
      inputBudget: createTokenBucket(clock, INPUT_RATE),
      rejectionBudget: createTokenBucket(clock, REJECTED_FRAME_RATE),
      cancelTimers: [],
    };
    state.dashboards.set(dashboard.id, dashboard);
    connectionLog.recordOpen({
      id: dashboard.id,
      kind: 'dashboard',
      peer: dashboard.userId,
      clientInfo: message.clientInfo,
      credentialId: identity.sessionId,
      address: link.address,
    });
    return dashboard;
  }

  /** Moves a connection to a new socket. A socket that is still open is closed as replaced. */
  function replaceLink(dashboard: DashboardConnection, link: DashboardLink) {
    if (dashboard.state === 'CONNECTED') {
      removeLink(dashboard);
      dashboard.link.close(CloseCode.replaced, 'replaced');
      dashboard.state = nextConnectionState(dashboard.state, 'dropped');
    }
    dashboard.link = link;
    dashboard.backlogSince = null;
    dashboard.slowSince = null;
    dashboard.unansweredPings.clear();
  }

  function removeLink(dashboard: DashboardConnection) {
    byLink.delete(dashboard.link);
    cancelTimers(dashboard);
  }

  /** Ends a connection. It cannot be resumed. */
  function end(dashboard: DashboardConnection, code: number, reason: string) {
    dashboard.state = nextConnectionState(dashboard.state, 'closed');
    state.dashboards.delete(dashboard.id);
    terminalInput.end(dashboard);
    connectionLog.recordClose(dashboard.id, code, reason);
  }

  /** Ends the connection of another user who has several. Returns false if there is none. */
  function freePlace(userId: string): boolean {
    const dashboard = findReplaceable(byLink.values(), userId);
    if (!dashboard) return false;
    removeLink(dashboard);
    end(dashboard, CloseCode.tryAgainLater, 'limit');
    dashboard.link.close(CloseCode.tryAgainLater, 'limit');
    return true;
  }

  function ping(dashboard: DashboardConnection) {
    dashboard.lastPing += 1;
    dashboard.unansweredPings.set(dashboard.lastPing, completion.publishedCount());
    dashboard.link.ping(String(dashboard.lastPing));
  }

  function recordActivity(dashboard: DashboardConnection) {
    // The wall clock may be set back; `lastActivity` never precedes `connectionTime`.
    dashboard.lastActivity = Math.max(clock.now(), dashboard.connectionTime);
    dashboard.lastHeardAt = clock.monotonic();
  }

  function handleActivity(link: DashboardLink): DashboardConnection | undefined {
    const dashboard = byLink.get(link);
    if (dashboard) recordActivity(dashboard);
    return dashboard;
  }

  return {
    /**
     * Handles the first message of a dashboard with a valid token: connects it, resumes its connection, or rejects it.
     */
    connect(link: DashboardLink, identity: Identity, message: DashboardConnect) {
      const known = findResumable(identity, message);
      if (known) replaceLink(known, link);
      if (byLink.size >= settings.maxDashboards && !freePlace(identity.userId)) {
        return link.close(CloseCode.tryAgainLater, 'limit');
      }
      const isResumed = known !== undefined;
      const dashboard = known ?? createConnection(link, identity, message);
      cancelTimers(dashboard);
      dashboard.state = nextConnectionState(dashboard.state, 'welcomed');
      dashboard.role = identity.role;
      dashboard.agents = identity.agents;
      dashboard.sessionId = identity.sessionId;
      dashboard.address = identity.address;
      dashboard.clientInfo = message.clientInfo;
      dashboard.terminals = message.terminals ?? 'all';
      dashboard.accepts = message.accept?.includes('deflate-raw') ? 'deflate-raw' : null;
      dashboard.acceptsReset = message.accept?.includes(ACCEPTS_RESET) ?? false;
      recordActivity(dashboard);
      byLink.set(link, dashboard);
      const expiresInMs = Math.max(0, identity.expiresAt - clock.now());
      dashboard.cancelTimers.push(
        clock.after(expiresInMs, () => link.close(CloseCode.policyViolation, 'expired')),
      );
      welcome.sendState(dashboard, isResumed);
      link.subscribe(topicFor(dashboard, HEARTBEAT_TOPIC));
      if (seesAllAgents(dashboard)) link.subscribe(topicFor(dashboard, DASHBOARDS_TOPIC));
      welcome.attachTerminals(dashboard, message, isResumed);
    },
    /** Counts the connected dashboards. */
    count: () => byLink.size,
    /** The dashboard connected through a link. */
    find: (link: DashboardLink) => byLink.get(link),
    /** Records that a frame arrived. */
    handleActivity: (link: DashboardLink) => void handleActivity(link),
    /** Records a pong: everything sent before its ping has arrived. */
    handlePong(link: DashboardLink, payload: string) {
      const dashboard = handleActivity(link);
      const pingNumber = Number(payload);
      const completions = dashboard?.unansweredPings.get(pingNumber);
      if (!dashboard || completions === undefined) return;
      for (const earlier of dashboard.unansweredPings.keys()) {
        if (earlier <= pingNumber) dashboard.unansweredPings.delete(earlier);
      }
      dashboard.confirmedCompletions = completions;
      subscriptions.confirm(dashboard, pingNumber);
    },
    /** Handles a socket that can accept more data. */
    handleDrain(link: DashboardLink) {
      const dashboard = byLink.get(link);
      if (dashboard) subscriptions.handleDrain(dashboard);
    },
    /** Handles a closed socket. Unless it was closed cleanly, the dashboard can resume for 60 s. */
    handleClose(link: DashboardLink, code: number, reason: string) {
      const dashboard = byLink.get(link);
      if (!dashboard) return;
      removeLink(dashboard);
      const isClean = CLEAN_CODES.has(code) && reason !== SILENT;
      if (isClean || code === CloseCode.policyViolation) return end(dashboard, code, reason);
      dashboard.state = nextConnectionState(dashboard.state, 'dropped');
      dashboard.cancelTimers.push(
        clock.after(RECONNECT_WINDOW_MS, () => end(dashboard, code, reason)),
      );
    },
    /** Pings every dashboard. */
    ping() {
      for (const dashboard of byLink.values()) ping(dashboard);
    },
    /** Sends `hub:heartbeat` to every dashboard, because browsers cannot see pings. */
    sendHeartbeat() {
      broadcast.sendHeartbeat(clock.now());
    },
    /** Closes dashboards that have been silent for 60 s, pings those with unconfirmed output, and handles slow ones. */
    sweep() {
      for (const [link, dashboard] of byLink) {
        if (clock.monotonic() - dashboard.lastHeardAt >= DASHBOARD_SILENCE_MS) {
          link.close(CloseCode.goingAway, SILENT);
        } else if (subscriptions.needConfirmation(dashboard)) {
          ping(dashboard);
        }
      }
      subscriptions.sweep();
    },
    /** Closes the dashboards of ended sessions or revoked API tokens. */
    endSessions(sessionIds: ReadonlySet<string>, reason: SessionEnd = 'revoked') {
      for (const [link, { sessionId }] of byLink) {
        if (sessionIds.has(sessionId)) link.close(CloseCode.policyViolation, reason);
      }
    },
    /** Makes the dashboards of these sessions or tokens reconnect, because what their user may see or do changed. */
    reconnectSessions(sessionIds: ReadonlySet<string>) {
      for (const [link, { sessionId }] of byLink) {
        if (sessionIds.has(sessionId)) link.close(CloseCode.goingAway, 'access_changed');
      }
    },
    /** Makes the dashboards of users who may not see all agents reconnect, because the agents that they may see changed. */
    refreshRestricted() {
      for (const [link, dashboard] of byLink) {
        if (!seesAllAgents(dashboard)) link.close(CloseCode.goingAway, 'access_changed');
      }
    },
    /**
     * Makes the dashboards that read a command's output begin again with it, because some of it may not be stored. Those that
     * cannot begin again with one command reconnect. The caller drops the buffer in the same turn.
     */
    resetReaders(commandId: string) {
      // For dashboards that know no output epochs, positions from before do not hold anymore.
      context.epoch = Bun.randomUUIDv7();
      for (const dashboard of state.dashboards.values()) {
        if (!dashboard.subscriptions.has(commandId)) continue;
        if (dashboard.acceptsReset) {
          // Queries of the program that are sent again must not be answered again.
          if (dashboard.state === 'CONNECTED') terminalInput.sendSize(dashboard, commandId);
          subscriptions.reset(dashboard, commandId);
          continue;
        }
        const { link } = dashboard;
        if (byLink.has(link)) removeLink(dashboard);
        else cancelTimers(dashboard);
        end(dashboard, CloseCode.goingAway, 'moved');
        link.close(CloseCode.goingAway, 'moved');
      }
    },
    closeAll(code: CloseCode, reason: CloseReason) {
      for (const link of byLink.keys()) link.close(code, reason);
    },
  };
}

function cancelTimers(dashboard: DashboardConnection) {
  for (const cancel of dashboard.cancelTimers.splice(0)) cancel();
}
