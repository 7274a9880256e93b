// What agents' and dashboards' sockets have in common: the upgrade, the first message, and the order of frames.
// Uses Bun's own upgrade, because Elysia's `.ws` parses frames asynchronously and responds to a plain GET with 404.
import { inflateRawSync } from 'node:zlib';
import type { Server, ServerWebSocket } from 'bun';
import type { DashboardLink } from '../../hub/link.ts';
import { createTokenBucket } from '../../hub/rate-limit.ts';
import type { Clock } from '../../protocol/clock.ts';
import { CloseCode, type CloseReason } from '../../protocol/close-codes.ts';
import type { Decoded, DecoderOptions } from '../../protocol/codec.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import {
  FIRST_MESSAGE_TIMEOUT_MS,
  MAX_MESSAGE_BYTES,
  MAX_MESSAGE_VALUES,
  REJECTED_FRAME_RATE,
} from '../../protocol/limits.ts';
import type { ClientAddress } from '../client-address.ts';
import type { CheckOrigin } from '../origin.ts';
import type { ConnectLimits } from './connect-limits.ts';
import type { PendingSockets } from './pending-sockets.ts';

const RETRY_AFTER_S = 5;

/** The handlers of one socket, which Bun calls through `ws.data`. */
export interface SocketData {
  open(ws: ServerWebSocket<SocketData>): void;
  message(ws: ServerWebSocket<SocketData>, frame: string | Uint8Array): void;
  drain(ws: ServerWebSocket<SocketData>): void;
  close(ws: ServerWebSocket<SocketData>, code: number, reason: string): void;
  ping(ws: ServerWebSocket<SocketData>): void;
  pong(ws: ServerWebSocket<SocketData>, payload: Uint8Array): void;
}

/** Why a frame is rejected. */
interface Rejection {
  code: ErrorCode;
  reason: string;
  /** The message type, if it could be read. */
  type?: string;
  requestId?: string;
}

const TOO_MANY_INVALID_FRAMES: Rejection = {
  code: 'rate_limited',
  reason: 'Too many invalid messages.',
};

/** Handles the sockets of one kind of peer. */
export interface PeerHandler<M extends { type: string }> {
  decode(frame: unknown): Decoded<M>;
  /**
   * Whether the request contains valid credentials. It does not need to, but such a socket does not count as one that
   * anyone can open.
   */
  isKnown(request: Request, server: Server<unknown> | null): boolean | Promise<boolean>;
  /** The required type of the first message. */
  connectType: M['type'];
  /** Handles the first message. Closes the link to reject the peer. */
  handleConnect(link: DashboardLink, message: M): void | Promise<void>;
  handleMessage(link: DashboardLink, message: M): void;
  handleInvalidFrame(link: DashboardLink, rejection: Rejection): void;
  /** Called for each frame and ping. */
  handleActivity(link: DashboardLink): void;
  handlePong(link: DashboardLink, payload: string): void;
  handleDrain(link: DashboardLink): void;
  handleClose(link: DashboardLink, code: number, reason: string): void;
}

export interface SocketOptions {
  clock: Clock;
  checkOrigin: CheckOrigin;
  pendingSockets: PendingSockets;
  clientAddress: ClientAddress;
  connects: ConnectLimits;
  onInvalidFrame(): void;
}

/** Inflates raw deflate data, up to the size of a message. */
export function inflate(bytes: Uint8Array): Uint8Array {
  return inflateRawSync(bytes, { maxOutputLength: MAX_MESSAGE_BYTES });
}

/** How the hub decodes frames. */
export const DECODER_OPTIONS: DecoderOptions = { inflate, maxValues: MAX_MESSAGE_VALUES };

/** Creates the request handler of a socket endpoint (docs/protocol.md, "HTTP side"). */
export function createSocketHandler<M extends { type: string }>(
  peer: PeerHandler<M>,
  { clock, checkOrigin, pendingSockets, clientAddress, onInvalidFrame }: SocketOptions,
) {
  /** @param isKnown whether the request contained valid credentials */
  function createSocket(address: string | null, isKnown: boolean): SocketData {
    let link: DashboardLink | null = null;
    let stage: 'pending' | 'connecting' | 'open' = 'pending';
    let closed: { code: number; reason: string } | null = null;
    /** Frames received while `handleConnect` runs. */
    let backlog: (string | Uint8Array)[] = [];
    let cancelTimeout = () => {};
    const rejectionBudget = createTokenBucket(clock, REJECTED_FRAME_RATE);

    function leavePending() {
      if (link) pendingSockets.remove(link);
      cancelTimeout();
    }

    function rejectFrame(to: DashboardLink, rejection: Rejection) {
      onInvalidFrame();
      if (!rejectionBudget()) {
        peer.handleInvalidFrame(to, TOO_MANY_INVALID_FRAMES);
        return to.close(CloseCode.policyViolation, 'rate_limited');
      }
      // Replying to an error with an error could loop forever.
      if (rejection.type !== 'error') peer.handleInvalidFrame(to, rejection);
    }

    function handleFirstMessage(to: DashboardLink, decoded: Decoded<M>) {
      if (!decoded.ok) rejectFrame(to, decoded);
      if (!decoded.ok || decoded.message.type !== peer.connectType) {
        return to.close(CloseCode.policyViolation, decoded.ok ? 'unauthenticated' : decoded.code);
      }
      leavePending();
      stage = 'connecting';
      const finish = () => {
        stage = 'open';
        // A close while connecting was not reported, because the hub had not registered the link yet.
        if (closed) return peer.handleClose(to, closed.code, closed.reason);
        const frames = backlog;
        backlog = [];
        for (const frame of frames) if (!closed) handleFrame(to, frame);
      };
      const connecting = peer.handleConnect(to, decoded.message);
      if (!connecting) return finish();
      connecting.then(finish, () => to.close(CloseCode.policyViolation, 'unauthenticated'));
    }

    function handleFrame(to: DashboardLink, frame: string | Uint8Array) {
      if (stage === 'connecting') return void backlog.push(frame);
      const decoded = peer.decode(frame);
      if (stage === 'pending') return handleFirstMessage(to, decoded);
      peer.handleActivity(to);
      if (decoded.ok) return peer.handleMessage(to, decoded.message);
      rejectFrame(to, decoded);
      if (decoded.code === 'unsupported_version') {
        to.close(CloseCode.policyViolation, 'unsupported_version');
      }
    }

    return {
      open(ws) {
        const opened = createLink(ws, address);
        link = opened;
        pendingSockets.add(opened, isKnown ? null : (address ?? ''));
        cancelTimeout = clock.after(FIRST_MESSAGE_TIMEOUT_MS, () => {
          opened.close(CloseCode.tryAgainLater, 'first_message_timeout');
        });
      },
      message(_ws, frame) {
        if (link) handleFrame(link, frame);
      },
      drain() {
        if (link) peer.handleDrain(link);
      },
      close(_ws, code, reason) {
        closed = { code, reason };
        leavePending();
        if (link && stage !== 'connecting') peer.handleClose(link, code, reason);
      },
      ping() {
        if (link && stage === 'open') peer.handleActivity(link);
      },
      pong(_ws, payload) {
        if (link && stage === 'open') peer.handlePong(link, Buffer.from(payload).toString());
      },
    };
  }

  return async ({ request, server }: { request: Request; server: Server<unknown> | null }) => {
    if (!checkOrigin(request)) return new Response('Cross-site request blocked.', { status: 403 });
    if (!isUpgrade(request)) return upgradeRequired();
    if (!pendingSockets.isOpen()) {
      const text = `The hub is shutting down. Try again in ${RETRY_AFTER_S} s.`;
      return new Response(text, {
        status: 503,
        headers: { 'retry-after': String(RETRY_AFTER_S) },
      });
    }
    const data = createSocket(clientAddress(request, server), await peer.isKnown(request, server));
    if (server?.upgrade(request, { data })) return undefined;
    return upgradeRequired();
  };
}

function isUpgrade({ headers }: Request): boolean {
  return (
    headers.get('upgrade')?.toLowerCase() === 'websocket' &&
    headers.get('sec-websocket-version') === '13'
  );
}

function upgradeRequired(): Response {
  return new Response('WebSocket upgrade (version 13) required.', {
    status: 426,
    headers: { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13' },
  });
}

/** Wraps a socket as the hub's link. */
function createLink(ws: ServerWebSocket<SocketData>, address: string | null): DashboardLink {
  return {
    address,
    send: (frame) => void (typeof frame === 'string' ? ws.sendText(frame) : ws.sendBinary(frame)),
    ping: (payload) => void ws.ping(payload),
    close: (code: CloseCode, reason: CloseReason) => ws.close(code, reason),
    subscribe: (topic) => ws.subscribe(topic),
    unsubscribe: (topic) => ws.unsubscribe(topic),
    cork: (send) => ws.cork(send),
    bufferedBytes: () => ws.getBufferedAmount(),
  };
}
