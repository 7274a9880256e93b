// The page's WebSocket connection to the hub. Reconnects automatically and resumes where it stopped
// (docs/protocol.md, "Reconnect").
import type { SessionResponse } from '../protocol/api.ts';
import { reconnectDelay } from '../protocol/backoff.ts';
import type { Clock } from '../protocol/clock.ts';
import { CloseCode } from '../protocol/close-codes.ts';
import {
  ACCEPTS_RESET,
  type DashboardConnect,
  type DashboardToHub,
} from '../protocol/dashboard-to-hub.ts';
import type { ClientInfo } from '../protocol/entities.ts';
import type { DashboardWelcome, HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { HUB_HEARTBEAT_MS, HUB_SILENCE_MS } from '../protocol/limits.ts';
import type { Unversioned } from '../protocol/message.ts';
import { type DisconnectReason, parseDisconnectReason } from './disconnect-reason.ts';
import { createFrameDecoder, encodeMessage, parseMessage } from './frames.ts';

/** How long the request for the session token may take. */
const SESSION_TIMEOUT_MS = 10_000;
const SILENCE_CHECK_MS = 500;
/** How late a heartbeat can be before a check counts the hub as silent. */
const HEARTBEAT_MARGIN_MS = 1000;
/**
 * How many checks in a row must find the hub silent. One is not enough: when a suspended page resumes, its first check
 * runs before it has processed the messages that arrived during the suspension.
 */
const SILENT_CHECKS = 2;

/** The hub closes with these reasons and code 1008, and the user is still signed in. */
const RETRIED_REASONS = new Set<DisconnectReason>([
  'rate_limited',
  'invalid_message',
  'unsupported_version',
]);

type Resume = NonNullable<DashboardConnect['resume']>;

export interface HubConnectionOptions {
  url: string;
  clock: Clock;
  random: () => number;
  clientInfo: ClientInfo;
  /** Resolves to null if the user is not signed in. Rejects when `signal` is aborted. */
  fetchSession(signal: AbortSignal): Promise<SessionResponse | null>;
}

export interface HubConnectionHandlers {
  /** Returns the terminals' positions to resume from. */
  prepareResume(): Resume['terminals'];
  onMessage(message: HubToDashboard): void;
  /**
   * `isSameEpoch` is false after a restart of the hub, and on another hub: sequence numbers from before are no longer valid,
   * unless the hub keeps terminals.
   */
  onWelcome(welcome: DashboardWelcome, isSameEpoch: boolean): void;
  /** The hub has missed a heartbeat. The connection is kept until the hub responds, or is closed after 25 s. */
  onSilence(): void;
  /** The hub responds again after `onSilence`. */
  onRecovery(): void;
  onDisconnect(reason: DisconnectReason): void;
  /**
   * The user is signed out, or the session was revoked. The connection is not retried.
   * @param closeReason that of the hub; empty if the page was not connected
   */
  onSignedOut(closeReason: string): void;
}

export interface HubConnection {
  /** Connects, and stays connected until the page is closed. Call once. */
  start(handlers: HubConnectionHandlers): void;
  /** Sends a message. Returns false if the page is not connected. */
  send(message: Unversioned<DashboardToHub>): boolean;
  /** Ends the wait before the next connection attempt. */
  retryNow(): void;
}

/** Creates the connection. It opens with `start`, so that the handlers can contain parts that send on it. */
export function createHubConnection(options: HubConnectionOptions): HubConnection {
  const { clock } = options;
  let handlers: HubConnectionHandlers | null = null;
  let socket: WebSocket | null = null;
  let isWelcomed = false;
  let heartbeatMs = HUB_HEARTBEAT_MS;
  let lastFrameAt = 0;
  /** How many checks in a row found the hub silent. */
  let silentChecks = 0;
  let attempt = 0;
  let previous: Pick<DashboardWelcome, 'connectionId' | 'hubEpoch'> | null = null;
  let cancelRetry: (() => void) | null = null;

  async function connect(): Promise<void> {
    cancelRetry = null;
    const limit = new AbortController();
    const cancelLimit = clock.after(SESSION_TIMEOUT_MS, () => limit.abort());
    try {
      const session = await options.fetchSession(limit.signal);
      if (session) openSocket(session.token);
      else handlers?.onSignedOut('');
    } catch {
      retry('lost');
    } finally {
      cancelLimit();
    }
  }

  function openSocket(token: string): void {
    const opened = new WebSocket(options.url);
    opened.binaryType = 'arraybuffer';
    socket = opened;
    const decode = createFrameDecoder((text) => {
      if (socket === opened) handleText(text);
    });
    noteFrame();
    opened.addEventListener('open', () => opened.send(encodeMessage(createConnect(token))));
    opened.addEventListener('message', (event) => {
      if (socket === opened) noteFrame();
      decode(event.data);
    });
    opened.addEventListener('close', (event) => {
      if (socket === opened) handleClose(event.code, event.reason);
    });
  }

  function noteFrame(): void {
    const wasSilent = silentChecks >= SILENT_CHECKS;
    lastFrameAt = clock.now();
    silentChecks = 0;
    if (wasSilent) handlers?.onRecovery();
  }

  function createConnect(token: string): Unversioned<DashboardConnect> {
    return {
      type: 'dashboard:connect',
      token,
      clientInfo: options.clientInfo,
      terminals: 'attached',
      accept: ['deflate-raw', ACCEPTS_RESET],
      ...(previous && { resume: { ...previous, terminals: handlers?.prepareResume() ?? [] } }),
    };
  }

  function handleText(text: string): void {
    const message = parseMessage(text);
    if (!message) return;
    handlers?.onMessage(message);
    if (message.type !== 'dashboard:welcome') return;
    const isSameEpoch = previous?.hubEpoch === message.hubEpoch;
    previous = { connectionId: message.connectionId, hubEpoch: message.hubEpoch };
    heartbeatMs = message.heartbeatIntervalMs;
    isWelcomed = true;
    attempt = 0;
    handlers?.onWelcome(message, isSameEpoch);
  }

  function handleClose(code: number, closeReason: string): void {
    const reason = parseDisconnectReason(closeReason);
    socket = null;
    isWelcomed = false;
    silentChecks = 0;
    const isSignedOut = code === CloseCode.policyViolation && !RETRIED_REASONS.has(reason);
    if (isSignedOut) return handlers?.onSignedOut(closeReason);
    // Another page resumed this connection, so continue with a new ID.
    if (code === CloseCode.replaced) previous = null;
    retry(reason);
  }

  function retry(reason: DisconnectReason): void {
    handlers?.onDisconnect(reason);
    cancelRetry = clock.after(
      reconnectDelay(reason, attempt++, options.random()),
      () => void connect(),
    );
  }

  /** Detects connections that ended without a close event, such as after sleep or a network change. */
  function checkSilence(): void {
    if (!socket) return;
    const silentMs = clock.now() - lastFrameAt;
    if (silentMs >= HUB_SILENCE_MS) return closeSilent(socket);
    const isSilent = isWelcomed && silentMs >= heartbeatMs + HEARTBEAT_MARGIN_MS;
    silentChecks = isSilent ? silentChecks + 1 : 0;
    if (silentChecks === SILENT_CHECKS) handlers?.onSilence();
  }

  function closeSilent(silent: WebSocket): void {
    handleClose(0, 'silent');
    // The reason keeps the connection resumable, where a plain close would end it.
    silent.close(CloseCode.normal, 'silent');
  }

  return {
    start(given) {
      handlers = given;
      clock.every(SILENCE_CHECK_MS, checkSilence);
      void connect();
    },
    send(message) {
      // A socket that is closing drops messages, and has no close event yet.
      if (!isWelcomed || socket?.readyState !== WebSocket.OPEN) return false;
      socket.send(encodeMessage(message));
      return true;
    },
    retryNow() {
      if (!cancelRetry) return;
      cancelRetry();
      void connect();
    },
  };
}
