// What the two kinds of socket have in common: the upgrade and its refusals, the first message, the order of frames.
// The upgrade is Bun's own: Elysia's `.ws` parses frames asynchronously, and answers a plain GET with 404.
import { inflateRawSync } from 'node:zlib';
import type { Server, ServerWebSocket } from 'bun';
import type { DashboardLink } from '../../hub/link.ts';
import type { Clock } from '../../protocol/clock.ts';
import { CloseCode, type CloseReason } from '../../protocol/close-codes.ts';
import type { Decoded } from '../../protocol/codec.ts';
import {
  FIRST_MESSAGE_TIMEOUT_MS,
  MAX_MESSAGE_BYTES,
  MAX_UNAUTHENTICATED_SOCKETS,
} from '../../protocol/limits.ts';
import type { CheckOrigin } from '../origin.ts';
import type { CountRefused } from './refused-frames.ts';

/** The handlers of one socket, as Elysia's server calls them. */
export interface SocketData {
  open(ws: ServerWebSocket<SocketData>): void;
  message(ws: ServerWebSocket<SocketData>, frame: string | Uint8Array): void;
  drain(ws: ServerWebSocket<SocketData>): void;
  close(ws: ServerWebSocket<SocketData>, code: number, reason: string): void;
  ping(ws: ServerWebSocket<SocketData>): void;
  pong(ws: ServerWebSocket<SocketData>, mark: Uint8Array): void;
}

/** One kind of peer. */
export interface Peer<M extends { type: string }> {
  decode(frame: unknown): Decoded<M>;
  /** The type its first message must have. */
  firstType: M['type'];
  /** Takes the first message. False, or a close in it, means that the socket is refused. */
  first(link: DashboardLink, message: M): void | Promise<void>;
  receive(link: DashboardLink, message: M): void;
  refuse(link: DashboardLink, refused: Extract<Decoded<M>, { ok: false }>): void;
  /** A frame came. */
  alive(link: DashboardLink): void;
  /** A pong came, with the mark of its ping. */
  answered(link: DashboardLink, mark: string): void;
  drained(link: DashboardLink): void;
  closed(link: DashboardLink, code: number, reason: string): void;
}

/** What all doors share: which sockets wait with their first message, and whether new ones are let in. */
export interface Lobby {
  waiting: Set<DashboardLink>;
  draining: boolean;
}

export interface DoorOptions {
  clock: Clock;
  checkOrigin: CheckOrigin;
  lobby: Lobby;
  countRefused: CountRefused;
}

/** Undoes raw deflate, up to the size of a message. */
export function inflate(bytes: Uint8Array): Uint8Array {
  return inflateRawSync(bytes, { maxOutputLength: MAX_MESSAGE_BYTES });
}

/** Makes the handler of a socket's address: an upgrade, or the answer that says why not. */
export function createDoor<M extends { type: string }>(peer: Peer<M>, options: DoorOptions) {
  const { clock, checkOrigin, lobby, countRefused } = options;

  /** The life of one socket: it waits with its first message, then that is looked at, then it is open. */
  function createSocket(): SocketData {
    let link: DashboardLink | null = null;
    let stage: 'waiting' | 'checking' | 'open' = 'waiting';
    let closed: { code: number; reason: string } | null = null;
    let backlog: (string | Uint8Array)[] = [];
    let cancelWait = () => {};

    function stopWaiting() {
      if (link) lobby.waiting.delete(link);
      cancelWait();
    }

    function refuse(to: DashboardLink, refused: Extract<Decoded<M>, { ok: false }>) {
      countRefused();
      // Two sides that answer errors with errors would never stop.
      if (refused.type !== 'error') peer.refuse(to, refused);
    }

    function takeFirst(to: DashboardLink, decoded: Decoded<M>) {
      if (!decoded.ok) refuse(to, decoded);
      if (!decoded.ok || decoded.message.type !== peer.firstType) {
        return to.close(
          CloseCode.policyViolation,
          decoded.ok || decoded.code === 'invalid_message' ? 'unauthenticated' : decoded.code,
        );
      }
      stopWaiting();
      stage = 'checking';
      const opened = () => {
        stage = 'open';
        // Whoever left while it was being checked was not yet known to be there.
        if (closed) return peer.closed(to, closed.code, closed.reason);
        const held = backlog;
        backlog = [];
        for (const frame of held) if (!closed) take(to, frame);
      };
      const checked = peer.first(to, decoded.message);
      if (!checked) return opened();
      checked.then(opened, () => to.close(CloseCode.policyViolation, 'unauthenticated'));
    }

    function take(to: DashboardLink, frame: string | Uint8Array) {
      if (stage === 'checking') return void backlog.push(frame);
      const decoded = peer.decode(frame);
      if (stage === 'waiting') return takeFirst(to, decoded);
      peer.alive(to);
      if (decoded.ok) return peer.receive(to, decoded.message);
      refuse(to, decoded);
      if (decoded.code === 'unsupported_version') {
        to.close(CloseCode.policyViolation, 'unsupported_version');
      }
    }

    return {
      open(ws) {
        const opened = createLink(ws);
        link = opened;
        lobby.waiting.add(opened);
        cancelWait = clock.after(FIRST_MESSAGE_TIMEOUT_MS, () => {
          opened.close(CloseCode.policyViolation, 'unauthenticated');
        });
      },
      message(_ws, frame) {
        if (link) take(link, frame);
      },
      drain() {
        if (link) peer.drained(link);
      },
      close(_ws, code, reason) {
        closed = { code, reason };
        stopWaiting();
        if (link && stage !== 'checking') peer.closed(link, code, reason);
      },
      ping() {
        if (link && stage === 'open') peer.alive(link);
      },
      pong(_ws, mark) {
        if (link && stage === 'open') peer.answered(link, Buffer.from(mark).toString());
      },
    };
  }

  return ({ request, server }: { request: Request; server: Server<unknown> | null }) => {
    if (!checkOrigin(request)) return new Response('Foreign origin.', { status: 403 });
    if (!isUpgrade(request)) return upgradeRequired();
    if (lobby.draining || lobby.waiting.size >= MAX_UNAUTHENTICATED_SOCKETS) {
      return new Response('Try again.', { status: 503, headers: { 'retry-after': '5' } });
    }
    if (server?.upgrade(request, { data: createSocket() })) return undefined;
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
  return new Response('This address speaks WebSocket, version 13.', {
    status: 426,
    headers: { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13' },
  });
}

/** A socket as the hub sees it. */
function createLink(ws: ServerWebSocket<SocketData>): DashboardLink {
  return {
    send: (frame) => void ws.sendText(frame),
    ping: (mark) => void ws.ping(mark),
    close: (code: CloseCode, reason: CloseReason) => ws.close(code, reason),
    subscribe: (topic) => ws.subscribe(topic),
    unsubscribe: (topic) => ws.unsubscribe(topic),
    bufferedBytes: () => ws.getBufferedAmount(),
  };
}
