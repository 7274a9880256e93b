// The page's WebSocket connection to the hub. Reconnects automatically and resumes where it stopped
// (docs/protocol.md, "Reconnect").
import type { SessionResponse } from '../protocol/api.ts';
import { backoffDelay } from '../protocol/backoff.ts';
import type { Clock } from '../protocol/clock.ts';
import { CloseCode } from '../protocol/close-codes.ts';
import type { DashboardConnect, DashboardToHub } from '../protocol/dashboard-to-hub.ts';
import type { ClientInfo } from '../protocol/entities.ts';
import type { DashboardWelcome, HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { HUB_SILENCE_MS } from '../protocol/limits.ts';
import type { Unversioned } from '../protocol/message.ts';
import { createFrameDecoder, encodeMessage, parseMessage } from './frames.ts';

const SILENCE_CHECK_MS = 1000;

type Resume = NonNullable<DashboardConnect['resume']>;
/** Why the connection ended: it was lost, or the hub has reached its dashboard limit. */
export type DisconnectReason = 'lost' | 'full';

export interface HubConnectionOptions {
  url: string;
  clock: Clock;
  random: () => number;
  clientInfo: ClientInfo;
  /** Resolves to null if the user is not signed in. */
  fetchSession(): Promise<SessionResponse | null>;
}

export interface HubConnectionHandlers {
  /** Returns the terminals' positions to resume from. */
  prepareResume(): Resume['terminals'];
  onMessage(message: HubToDashboard): void;
  /** `isSameEpoch` is false after a restart of the hub: sequence numbers from before it are no longer valid. */
  onWelcome(welcome: DashboardWelcome, isSameEpoch: boolean): void;
  onDisconnect(reason: DisconnectReason): void;
  /** The user is signed out, or the session was revoked. The connection is not retried. */
  onSignedOut(): void;
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
  let lastFrameAt = 0;
  let attempt = 0;
  let previous: Pick<DashboardWelcome, 'connectionId' | 'hubEpoch'> | null = null;
  let cancelRetry: (() => void) | null = null;

  async function connect(): Promise<void> {
    cancelRetry = null;
    try {
      const session = await options.fetchSession();
      if (session) openSocket(session.token);
      else handlers?.onSignedOut();
    } catch {
      retry('lost');
    }
  }

  function openSocket(token: string): void {
    const opened = new WebSocket(options.url);
    opened.binaryType = 'arraybuffer';
    socket = opened;
    const decode = createFrameDecoder((text) => {
      if (socket === opened) handleText(text);
    });
    lastFrameAt = clock.now();
    opened.addEventListener('open', () => opened.send(encodeMessage(createConnect(token))));
    opened.addEventListener('message', (event) => {
      lastFrameAt = clock.now();
      decode(event.data);
    });
    opened.addEventListener('close', (event) => {
      if (socket === opened) handleClose(event.code);
    });
  }

  function createConnect(token: string): Unversioned<DashboardConnect> {
    return {
      type: 'dashboard:connect',
      token,
      clientInfo: options.clientInfo,
      terminals: 'attached',
      accept: ['deflate-raw'],
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
    isWelcomed = true;
    attempt = 0;
    handlers?.onWelcome(message, isSameEpoch);
  }

  function handleClose(code: number): void {
    socket = null;
    isWelcomed = false;
    if (code === CloseCode.policyViolation) return handlers?.onSignedOut();
    // Another page resumed this connection, so continue with a new ID.
    if (code === CloseCode.replaced) previous = null;
    retry(code === CloseCode.tryAgainLater ? 'full' : 'lost');
  }

  function retry(reason: DisconnectReason): void {
    handlers?.onDisconnect(reason);
    cancelRetry = clock.after(backoffDelay(attempt++, options.random()), () => void connect());
  }

  /** Detects connections that ended without a close event, such as after sleep or a network change. */
  function checkSilence(): void {
    if (!socket || clock.now() - lastFrameAt < HUB_SILENCE_MS) return;
    const silent = socket;
    handleClose(0);
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
      if (!socket || !isWelcomed) return false;
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
