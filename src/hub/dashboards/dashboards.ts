// Dashboards come, drop, return and go: their connections.
import { CloseCode, type CloseReason } from '../../protocol/close-codes.ts';
import { nextConnectionState } from '../../protocol/connection-state.ts';
import type { DashboardConnect } from '../../protocol/dashboard-to-hub.ts';
import {
  DASHBOARD_SILENCE_MS,
  INPUT_RATE,
  MESSAGE_RATE,
  RECONNECT_WINDOW_MS,
} from '../../protocol/limits.ts';
import { type Authority, EVERYONE, topicFor } from '../broadcast.ts';
import type { DashboardConnection, Identity } from '../state/dashboard.ts';
import type { Endings } from '../commands/completion.ts';
import type { Greeting } from './welcome.ts';
import type { DashboardLink } from '../link.ts';
import { createBucket } from '../rate-limit.ts';
import type { Readers } from '../terminals/subscriptions.ts';
import type { HubContext } from '../state/server-state.ts';

/** Why a dashboard's socket is closed that has not been heard of. */
const SILENT: CloseReason = 'silent';

export interface DashboardParts {
  authority: Authority;
  endings: Endings;
  greeting: Greeting;
  readers: Readers;
}

export function createDashboards(context: HubContext, parts: DashboardParts) {
  const { state, store, clock, log, settings, epoch } = context;
  const { authority, endings, greeting, readers } = parts;
  const byLink = new Map<DashboardLink, DashboardConnection>();

  /** The connection that a dashboard asks to have back, if it may. */
  function returning(identity: Identity, { resume }: DashboardConnect) {
    if (!resume || resume.hubEpoch !== epoch) return undefined;
    const known = state.dashboards.get(resume.connectionId);
    return known?.userId === identity.userId ? known : undefined;
  }

  function createConnection(link: DashboardLink, identity: Identity, message: DashboardConnect) {
    const dashboard: DashboardConnection = {
      id: Bun.randomUUIDv7(),
      userId: identity.userId,
      role: identity.role,
      connectionTime: clock.now(),
      lastActivity: clock.now(),
      state: 'CONNECTING',
      clientInfo: message.clientInfo,
      link,
      terminals: message.terminals ?? 'all',
      accepts: null,
      readers: new Map(),
      heardEnds: endings.told(),
      pingedEnds: [],
      slowSince: null,
      messages: createBucket(clock, MESSAGE_RATE),
      input: createBucket(clock, INPUT_RATE),
      cancelTimers: [],
    };
    state.dashboards.set(dashboard.id, dashboard);
    store.connections
      .opened({
        id: dashboard.id,
        kind: 'dashboard',
        peer: dashboard.userId,
        connectedAt: dashboard.connectionTime,
        disconnectedAt: null,
        closeCode: null,
        closeReason: null,
        clientInfo: message.clientInfo,
      })
      .catch((error: unknown) => log.warn('The connection log could not be written.', { error }));
    return dashboard;
  }

  /** Gives a connection its new socket; the one it had, if it is still there, is told so. */
  function takeOver(dashboard: DashboardConnection, link: DashboardLink) {
    if (dashboard.state === 'CONNECTED') {
      forget(dashboard);
      dashboard.link.close(CloseCode.replaced, 'replaced');
      dashboard.state = nextConnectionState(dashboard.state, 'dropped');
    }
    dashboard.link = link;
    dashboard.slowSince = null;
    dashboard.pingedEnds = [];
  }

  function forget(dashboard: DashboardConnection) {
    byLink.delete(dashboard.link);
    for (const cancel of dashboard.cancelTimers.splice(0)) cancel();
    for (const reader of dashboard.readers.values()) reader.live = false;
  }

  /** Ends a connection for good. */
  function end(dashboard: DashboardConnection, code: number, reason: string) {
    dashboard.state = nextConnectionState(dashboard.state, 'closed');
    for (const cancel of dashboard.cancelTimers.splice(0)) cancel();
    dashboard.readers.clear();
    state.dashboards.delete(dashboard.id);
    store.connections
      .closed(dashboard.id, clock.now(), code, reason)
      .catch((error: unknown) => log.warn('The connection log could not be written.', { error }));
  }

  return {
    /** Takes a dashboard's first message, its token checked already: welcomes it, gives it its connection back, or refuses. */
    connect(link: DashboardLink, identity: Identity, message: DashboardConnect) {
      const known = returning(identity, message);
      if (known) takeOver(known, link);
      if (byLink.size >= settings.maxDashboards) {
        return link.close(CloseCode.tryAgainLater, 'limit');
      }
      const dashboard = known ?? createConnection(link, identity, message);
      for (const cancel of dashboard.cancelTimers.splice(0)) cancel();
      dashboard.state = nextConnectionState(dashboard.state, 'welcomed');
      dashboard.role = identity.role;
      dashboard.terminals = message.terminals ?? 'all';
      dashboard.accepts = message.accept?.includes('deflate-raw') ? 'deflate-raw' : null;
      dashboard.lastActivity = clock.now();
      byLink.set(link, dashboard);
      dashboard.cancelTimers.push(
        clock.after(Math.max(0, identity.expiresAt - clock.now()), () =>
          link.close(CloseCode.policyViolation, 'expired'),
        ),
      );
      greeting.greet(dashboard, known !== undefined);
      link.subscribe(topicFor(dashboard, EVERYONE));
      greeting.attachAll(dashboard, message, known !== undefined);
    },
    /** The dashboard behind a socket, while it is connected. */
    at: (link: DashboardLink) => byLink.get(link),
    /** A frame came. */
    alive(link: DashboardLink) {
      const dashboard = byLink.get(link);
      if (dashboard) dashboard.lastActivity = clock.now();
    },
    /** It has answered a ping: what was sent before that has arrived. */
    answered(link: DashboardLink) {
      const dashboard = byLink.get(link);
      if (!dashboard) return;
      dashboard.lastActivity = clock.now();
      dashboard.heardEnds = dashboard.pingedEnds.shift() ?? dashboard.heardEnds;
    },
    drained(link: DashboardLink) {
      const dashboard = byLink.get(link);
      if (dashboard) readers.drained(dashboard);
    },
    /** The socket is gone. Without a clean close the dashboard has 60 s to come back. */
    closed(link: DashboardLink, code: number, reason: string) {
      const dashboard = byLink.get(link);
      if (!dashboard) return;
      forget(dashboard);
      const isClean = code === CloseCode.normal || code === CloseCode.goingAway;
      // One that fell silent did not say goodbye: we closed it.
      const isOver = isClean && reason !== SILENT;
      if (isOver || code === CloseCode.policyViolation) return end(dashboard, code, reason);
      dashboard.state = nextConnectionState(dashboard.state, 'dropped');
      dashboard.cancelTimers.push(
        clock.after(RECONNECT_WINDOW_MS, () => end(dashboard, code, reason)),
      );
    },
    ping() {
      for (const [link, dashboard] of byLink) {
        dashboard.pingedEnds.push(endings.told());
        link.ping();
      }
    },
    /** Tells everyone that the hub lives: browsers see no pings. */
    beat() {
      authority.tellEveryone({ type: 'hub:heartbeat', timestamp: clock.now() });
    },
    /** Drops dashboards that have been silent for 60 s, and slow ones. */
    sweep() {
      for (const [link, { lastActivity }] of byLink) {
        if (clock.now() - lastActivity >= DASHBOARD_SILENCE_MS) {
          link.close(CloseCode.goingAway, SILENT);
        }
      }
      readers.sweep();
    },
    closeAll(code: CloseCode, reason: CloseReason) {
      for (const link of byLink.keys()) link.close(code, reason);
    },
  };
}
