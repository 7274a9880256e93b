// The WebSocket connection of a dashboard, without a page. It reconnects until it is closed or rejected.
import { inflateRawSync } from 'node:zlib';
import { backoffDelay } from '../protocol/backoff.ts';
import { CloseCode } from '../protocol/close-codes.ts';
import { createDecoder, encode } from '../protocol/codec.ts';
import type { DashboardToHub } from '../protocol/dashboard-to-hub.ts';
import { type HubToDashboard, hubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { HUB_SILENCE_MS } from '../protocol/limits.ts';
import type { Unversioned } from '../protocol/message.ts';
import type { ApiClient } from './api-client.ts';
import { CliError } from './cli-error.ts';
import { sessionExpired } from './credentials.ts';

export interface DashboardSocket {
  /** Sends a message. Dropped while the socket is not connected. */
  send(body: Unversioned<DashboardToHub>): void;
  close(): void;
}

export interface DashboardSocketEvents {
  /** After every connect and reconnect. */
  onWelcome(hubEpoch: string): void;
  onMessage(message: HubToDashboard): void;
  /** The hub rejected the connection. The socket does not reconnect. */
  onReject(error: CliError): void;
}

/** Connects to the hub, attached to no command. Events are never called before this function returns. */
export function openDashboardSocket(
  { hub, token }: Pick<ApiClient, 'hub' | 'token'>,
  events: DashboardSocketEvents,
): DashboardSocket {
  const decode = createDecoder(hubToDashboard, (bytes) => inflateRawSync(bytes));
  let socket: WebSocket | null = null;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  let silenceTimer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  let isClosed = false;

  function send(body: Unversioned<DashboardToHub>) {
    if (socket?.readyState === WebSocket.OPEN) socket.send(encode<DashboardToHub>(body));
  }

  function connect() {
    const current = new WebSocket(`${hub.replace(/^http/, 'ws')}/ws/dashboard`);
    socket = current;
    current.addEventListener('open', () => {
      const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
      send({
        type: 'dashboard:connect',
        token,
        clientInfo: { userAgent: 'signalbox', timezone: timeZone },
        terminals: 'attached',
        accept: ['deflate-raw'],
      });
    });
    current.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      clearTimeout(silenceTimer);
      silenceTimer = setTimeout(() => current.close(), HUB_SILENCE_MS);
      const decoded = decode(data);
      if (!decoded.ok || isClosed) return;
      if (decoded.message.type === 'dashboard:welcome') {
        attempt = 0;
        events.onWelcome(decoded.message.hubEpoch);
      }
      events.onMessage(decoded.message);
    });
    current.addEventListener('close', ({ code, reason }) => {
      clearTimeout(silenceTimer);
      if (isClosed) return;
      if (code === CloseCode.policyViolation) {
        isClosed = true;
        return events.onReject(rejectionError(hub, reason));
      }
      retryTimer = setTimeout(connect, backoffDelay(attempt, Math.random()));
      attempt += 1;
    });
  }

  connect();

  return {
    send,
    close() {
      isClosed = true;
      clearTimeout(retryTimer);
      clearTimeout(silenceTimer);
      socket?.close(CloseCode.normal);
    },
  };
}

function rejectionError(hub: string, reason: string): CliError {
  if (reason !== 'unsupported_version') return sessionExpired(hub);
  return new CliError(
    'The hub does not support this version of signalbox. Install the same version as the hub.',
  );
}
