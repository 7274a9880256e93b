// The agent's connection to the hub: connects, authenticates, sends heartbeats, and reconnects forever unless the hub
// rejects the agent (docs/protocol.md, "Reconnect"). Messages lost with a socket are resent after the next welcome.
import type { AgentConnect, AgentHeartbeat, AgentToHub } from '../protocol/agent-to-hub.ts';
import { reconnectDelay } from '../protocol/backoff.ts';
import type { Clock } from '../protocol/clock.ts';
import { CloseCode } from '../protocol/close-codes.ts';
import { createDecoder, encode } from '../protocol/codec.ts';
import { formatDuration } from '../protocol/duration.ts';
import { type AgentWelcome, type HubToAgent, hubToAgent } from '../protocol/hub-to-agent.ts';
import { AGENT_SILENCE_MS, MAX_MESSAGE_BYTES } from '../protocol/limits.ts';
import type { Unversioned } from '../protocol/message.ts';
import { openSocket } from '../protocol/open-socket.ts';
import { byteLength } from '../protocol/text.ts';
import { createIdleTimeout } from './idle-timeout.ts';

/** Sends a message if the agent is connected. Returns whether it was written to the socket. */
export type Send = (message: Unversioned<AgentToHub>) => boolean;

export interface HubConnectionOptions {
  /** The WebSocket URL, from `agentSocketUrl`. */
  url: string;
  /** The agent's token, which the first message contains as well. */
  token: string;
  /** Reads the token again after the hub has rejected it. Null if it cannot be read. */
  readToken?: () => string | null;
  /** Whether the hub runs in this process, so that its certificate need not be verified. */
  isOwnHub?: boolean;
  clock: Clock;
  /** Returns numbers in [0, 1), for the reconnect delay. */
  random: () => number;
  log: (line: string) => void;
}

export interface HubConnectionHandlers {
  /** Builds the first message of each connection. */
  connectMessage(token: string): Unversioned<AgentConnect>;
  heartbeat(): Unversioned<AgentHeartbeat>;
  /** Receives the welcome and every message after it. */
  onMessage(message: HubToAgent): void;
  onDisconnect(): void;
  /**
   * Called when the hub rejects the agent. The connection does not reconnect after that.
   * @param reason the reason in the close frame
   * @param explanation the hub's error message, if it sent one
   */
  onReject(reason: string, explanation: string | null): void;
}

const CLOSE_TIMEOUT_MS = 1_000;
/** The reasons with which the hub rejects a token. */
const TOKEN_REASONS = new Set(['unauthenticated', 'revoked']);
const decode = createDecoder(hubToAgent);

/**
 * The URL of the agents' WebSocket.
 * @param hub the hub's base URL: http, https, ws or wss
 * @throws {TypeError} if `hub` is not a valid hub URL
 */
export function agentSocketUrl(hub: string): string {
  const url = URL.parse(hub);
  const schemes: Record<string, string> = {
    'http:': 'ws:',
    'https:': 'wss:',
    'ws:': 'ws:',
    'wss:': 'wss:',
  };
  const scheme = url && schemes[url.protocol];
  if (!scheme) throw new TypeError(`Invalid hub URL: ${hub}. Use an http:// or https:// URL.`);
  return `${scheme}//${url.host}${url.pathname.replace(/\/$/, '')}/ws/agent`;
}

export type HubConnection = ReturnType<typeof createHubConnection>;

/** Creates a connection, which connects when `open` is called. */
export function createHubConnection({
  url,
  token: firstToken,
  readToken,
  isOwnHub = false,
  clock,
  random,
  log,
}: HubConnectionOptions) {
  let token = firstToken;
  let socket: WebSocket | null = null;
  let isConnected = false;
  let isClosed = false;
  let attempts = 0;
  let cancelRetry: (() => void) | null = null;
  let cancelHeartbeat: (() => void) | null = null;
  let cancelIdleTimeout: (() => void) | null = null;

  /** Stops using the socket. Returns whether it was connected. */
  function detach(): boolean {
    const wasConnected = isConnected;
    socket = null;
    isConnected = false;
    cancelIdleTimeout?.();
    cancelHeartbeat?.();
    return wasConnected;
  }

  function post(message: Unversioned<AgentToHub>): boolean {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    const frame = encode<AgentToHub>(message);
    // The hub would close the connection, and do so again after every reconnect.
    if (byteLength(frame) > MAX_MESSAGE_BYTES) {
      log(`${message.type} not sent: it exceeds the maximum message size`);
      return false;
    }
    socket.send(frame);
    return true;
  }

  /** Uses the token that replaced the rejected one. Returns whether there is one. */
  function replaceToken(): boolean {
    const replacement = readToken?.() ?? null;
    if (replacement === null || replacement === token) return false;
    token = replacement;
    return true;
  }

  /** Connects and keeps reconnecting. Called once. */
  function open(handlers: HubConnectionHandlers): void {
    let explanation: string | null = null;
    let tlsFailure: string | null = null;
    const idleTimeout = createIdleTimeout(clock, AGENT_SILENCE_MS, () => {
      const idle = socket;
      onLost();
      if (idle) terminate(idle);
      retry(`no data from the hub for ${formatDuration(AGENT_SILENCE_MS)}`);
    });
    cancelIdleTimeout = idleTimeout.stop;

    function connect(): void {
      const opening = openSocket(url, token, { verifyCertificate: !isOwnHub });
      socket = opening;
      explanation = null;
      tlsFailure = null;
      idleTimeout.start();
      // Ignore late events of abandoned sockets.
      const on = (type: string, handle: (event: Event) => void) =>
        opening.addEventListener(type, (event) => {
          if (socket === opening) handle(event);
        });
      on('open', () => void post(handlers.connectMessage(token)));
      on('ping', idleTimeout.touch);
      on('pong', idleTimeout.touch);
      on('message', (event) => {
        idleTimeout.touch();
        if (event instanceof MessageEvent) receive(event.data);
      });
      on('error', (event) => {
        if (event instanceof ErrorEvent) tlsFailure = findTlsFailure(event.message);
      });
      on('close', (event) => {
        if (event instanceof CloseEvent) onClose(event.code, event.reason);
      });
    }

    function receive(frame: unknown): void {
      const decoded = decode(frame);
      // Unknown types and invalid frames are ignored: an agent never replies with `error`.
      if (!decoded.ok) return;
      const { message } = decoded;
      try {
        if (message.type === 'agent:welcome') onWelcome(message);
        if (isConnected) handlers.onMessage(message);
        else if (message.type === 'error') explanation = message.message;
      } catch (error) {
        log(`failed to handle ${message.type}: ${String(error)}`);
      }
    }

    function onWelcome({ agentId, heartbeatIntervalMs }: AgentWelcome): void {
      log(`connected to ${url} as ${agentId}`);
      attempts = 0;
      isConnected = true;
      cancelHeartbeat?.();
      cancelHeartbeat = clock.every(heartbeatIntervalMs, () => void post(handlers.heartbeat()));
    }

    function onClose(code: number, reason: string): void {
      onLost();
      if (isClosed) return;
      if (TOKEN_REASONS.has(reason) && replaceToken())
        return retry(`closed: ${reason}; using the new token`);
      if (code === CloseCode.policyViolation || code === CloseCode.replaced) {
        isClosed = true;
        return handlers.onReject(reason, explanation);
      }
      retry(tlsFailure ?? `closed with ${code}${reason && ` ${reason}`}`, reason);
    }

    function onLost(): void {
      if (detach()) handlers.onDisconnect();
    }

    /** @param reason the reason in the close frame */
    function retry(cause: string, reason = ''): void {
      const delayMs = Math.round(reconnectDelay(reason, attempts, random()));
      attempts += 1;
      log(`no connection to ${url} (${cause}); retrying in ${delayMs} ms`);
      cancelRetry = clock.after(delayMs, connect);
    }

    if (!isClosed) connect();
  }

  /** Closes the connection permanently. Resolves when the close handshake is complete, or after one second. */
  async function close(): Promise<void> {
    isClosed = true;
    cancelRetry?.();
    const closing = socket;
    if (!closing) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    closing.addEventListener('close', () => resolve());
    closing.close(CloseCode.normal);
    const cancelTimeout = clock.after(CLOSE_TIMEOUT_MS, resolve);
    await promise;
    cancelTimeout();
    detach();
    terminate(closing);
  }

  return {
    send: ((message) => isConnected && post(message)) satisfies Send,
    isConnected: () => isConnected,
    open,
    close,
  };
}

/** Returns the part of an error message that says why the hub's certificate was rejected, if it does. */
function findTlsFailure(message: string): string | null {
  return /TLS handshake failed.*/.exec(message)?.[0] ?? null;
}

/** Drops a socket without a close handshake. Bun's WebSocket can do that; the standard interface cannot. */
function terminate(socket: WebSocket): void {
  if ('terminate' in socket && typeof socket.terminate === 'function') socket.terminate();
}
