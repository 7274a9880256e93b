// The WebSocket connection of a dashboard, without a page. It reconnects until it is closed or rejected.
import { reconnectDelay } from '../protocol/backoff.ts';
import { CloseCode } from '../protocol/close-codes.ts';
import { createDecoder, encode } from '../protocol/codec.ts';
import { ACCEPTS_RESET, type DashboardToHub } from '../protocol/dashboard-to-hub.ts';
import {
  type DashboardWelcome,
  type HubToDashboard,
  hubToDashboard,
} from '../protocol/hub-to-dashboard.ts';
import { COMMAND_BYTES, HUB_SILENCE_MS } from '../protocol/limits.ts';
import type { Unversioned } from '../protocol/message.ts';
import { isLoopback } from './addresses.ts';
import { type ApiClient, CONNECT_TIMEOUT_MS, noResponse } from './api-client.ts';
import { CliError } from './cli-error.ts';
import { sessionExpired } from './credentials.ts';
import { openSocket } from '../protocol/open-socket.ts';
import { writeError } from './output.ts';

/** From CLDR. The output has no local times, and the time zone of this machine takes 15 ms to load. */
const UNKNOWN_TIME_ZONE = 'Etc/Unknown';

export interface DashboardSocket {
  /** Sends a message. Dropped while the socket is not connected. */
  send(body: Unversioned<DashboardToHub>): void;
  close(): void;
}

export interface DashboardSocketEvents {
  /** After every connect and reconnect. */
  onWelcome(welcome: DashboardWelcome): void;
  onMessage(message: HubToDashboard): void;
  /** The hub rejected the connection. The socket does not reconnect. */
  onReject(error: CliError): void;
}

/** Connects to the hub, attached to no command. Events are never called before this function returns. */
export function openDashboardSocket(
  { hub, token }: Pick<ApiClient, 'hub' | 'token'>,
  events: DashboardSocketEvents,
): DashboardSocket {
  const decode = createDecoder(hubToDashboard, {
    inflate: (bytes) => Bun.inflateSync(bytes as Uint8Array<ArrayBuffer>),
  });
  let socket: WebSocket | null = null;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  let silenceTimer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  /** Whether a connection could be opened, so that a failure is not a mistake in the URL. */
  let hasOpened = false;
  let isWelcomed = false;
  let isLimitReported = false;
  let isClosed = false;

  function send(body: Unversioned<DashboardToHub>) {
    if (socket?.readyState === WebSocket.OPEN) socket.send(encode<DashboardToHub>(body));
  }

  function connect() {
    const current = openSocket(`${hub.replace(/^http/, 'ws')}/ws/dashboard`, token);
    socket = current;
    isWelcomed = false;
    limitSilence(CONNECT_TIMEOUT_MS);
    current.addEventListener('open', () => {
      hasOpened = true;
      limitSilence(HUB_SILENCE_MS);
      send({
        type: 'dashboard:connect',
        token,
        clientInfo: { userAgent: 'signalbox', timezone: UNKNOWN_TIME_ZONE },
        terminals: 'attached',
        // On the same machine, compression costs more than it saves.
        accept: [ACCEPTS_RESET, ...(isLoopback(new URL(hub).hostname) ? [] : ['deflate-raw'])],
      });
    });
    current.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (socket !== current) return;
      limitSilence(HUB_SILENCE_MS);
      const decoded = decode(data);
      if (decoded.ok) handleMessage(decoded.message);
    });
    current.addEventListener('close', ({ code, reason }) => {
      if (socket === current) handleClose(code, reason);
    });
  }

  /** Drops the connection after this time without a message. A half-open connection has no close event. */
  function limitSilence(ms: number) {
    clearTimeout(silenceTimer);
    const current = socket;
    silenceTimer = setTimeout(() => {
      handleClose(null, 'silent');
      current?.close();
    }, ms);
  }

  function handleMessage(message: HubToDashboard) {
    if (message.type === 'dashboard:welcome') {
      attempt = 0;
      isWelcomed = true;
      events.onWelcome(message);
    }
    // The close that follows an earlier error says the same.
    if (isWelcomed) events.onMessage(message);
  }

  /** @param code null if there was no response, or no message for too long */
  function handleClose(code: number | null, reason: string) {
    socket = null;
    clearTimeout(silenceTimer);
    const error = hasOpened ? finalError(hub, code, reason) : cannotConnect(hub, code);
    if (error) {
      isClosed = true;
      return events.onReject(error);
    }
    if (code === CloseCode.tryAgainLater && reason === 'limit' && !isLimitReported) {
      isLimitReported = true;
      writeError('[The hub has reached its maximum number of dashboards. Retrying…]\n');
    }
    retryTimer = setTimeout(connect, reconnectDelay(reason, attempt, Math.random()));
    attempt += 1;
  }

  connect();

  return {
    send,
    close() {
      if (isClosed) return;
      isClosed = true;
      clearTimeout(retryTimer);
      clearTimeout(silenceTimer);
      const last = socket;
      socket = null;
      last?.close(CloseCode.normal);
    },
  };
}

function cannotConnect(hub: string, code: number | null): CliError {
  if (code === null) return new CliError(noResponse(hub));
  return new CliError(
    `Cannot connect to ${hub}. To find the cause, run: signalbox doctor --hub ${hub}`,
  );
}

/** Why a close is final; null if the connection can be retried (docs/protocol.md, "Close codes"). */
function finalError(hub: string, code: number | null, reason: string): CliError | null {
  if (code === CloseCode.messageTooBig) {
    const limit = `${COMMAND_BYTES / 1024} KiB`;
    return new CliError(
      `The command is too large. The limit is ${limit}. Put it in a file, and refer to the file.`,
    );
  }
  if (code !== CloseCode.policyViolation) return null;
  const message = rejections[reason];
  return message === undefined ? sessionExpired(hub) : new CliError(message);
}

const rejections: Readonly<Partial<Record<string, string>>> = {
  rate_limited:
    'The hub closed the connection because it received too many messages. Try again later.',
  invalid_message:
    'The hub rejected a message as invalid. Install the same version of signalbox as the hub.',
  unsupported_version:
    'The hub does not support this version of signalbox. Install the same version as the hub.',
};
