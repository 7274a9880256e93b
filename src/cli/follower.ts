// A dashboard without a screen: one socket to the hub that comes back by itself, and goes on where it stood.
import { inflateRawSync } from 'node:zlib';
import { CloseCode } from '../protocol/close-codes.ts';
import { backOff } from '../protocol/back-off.ts';
import { createDecoder, encode } from '../protocol/codec.ts';
import type { DashboardToHub } from '../protocol/dashboard-to-hub.ts';
import { type HubToDashboard, hubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { HUB_SILENCE_MS } from '../protocol/limits.ts';
import type { Body } from '../protocol/message.ts';
import type { Client } from './client.ts';
import { Failure } from './failure.ts';

export interface Follower {
  send(body: Body<DashboardToHub>): void;
  close(): void;
}

export interface FollowerEvents {
  /** The hub said welcome, the first time or again. */
  welcomed(follower: Follower, hubEpoch: string): void;
  received(message: HubToDashboard): void;
  /** It will not come back: the token is not good, or the hub refuses. */
  failed(failure: Failure): void;
}

/** Opens a dashboard's socket, attached to nothing yet. */
export function follow({ hub, token }: Client, events: FollowerEvents): Follower {
  const decode = createDecoder(hubToDashboard, (bytes) => inflateRawSync(bytes));
  let socket: WebSocket | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  let isClosed = false;

  const follower: Follower = {
    send(body) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(encode<DashboardToHub>(body));
    },
    close() {
      isClosed = true;
      clearTimeout(retry);
      clearTimeout(silence);
      socket?.close(CloseCode.normal);
    },
  };

  function listen(current: WebSocket) {
    clearTimeout(silence);
    silence = setTimeout(() => current.close(), HUB_SILENCE_MS);
  }

  function connect() {
    const current = new WebSocket(`${hub.replace(/^http/, 'ws')}/ws/dashboard`);
    socket = current;
    current.addEventListener('open', () => {
      const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
      follower.send({
        type: 'dashboard:connect',
        token,
        clientInfo: { userAgent: 'signalbox', timezone: timeZone },
        terminals: 'attached',
        accept: ['deflate-raw'],
      });
    });
    current.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      listen(current);
      const decoded = decode(data);
      if (!decoded.ok || isClosed) return;
      if (decoded.message.type === 'dashboard:welcome') {
        attempt = 0;
        events.welcomed(follower, decoded.message.hubEpoch);
      }
      events.received(decoded.message);
    });
    current.addEventListener('close', ({ code, reason }) => {
      clearTimeout(silence);
      if (isClosed) return;
      if (code === CloseCode.policyViolation) {
        isClosed = true;
        return events.failed(new Failure(`${hub} closed the connection: ${reason || 'refused'}.`));
      }
      retry = setTimeout(connect, backOff(attempt, Math.random()));
      attempt += 1;
    });
  }

  connect();
  return follower;
}
