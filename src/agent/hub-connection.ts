// The agent's socket to the hub: connects, says who it is, keeps in touch, and comes back for ever, unless it is told
// not to (protocol.md, "Reconnect"). What is lost with a socket is made good by the next welcome.
import type { AgentConnect, AgentHeartbeat, AgentToHub } from '../protocol/agent-to-hub.ts';
import { backOff } from '../protocol/back-off.ts';
import type { Clock } from '../protocol/clock.ts';
import { CloseCode } from '../protocol/close-codes.ts';
import { createDecoder, encode } from '../protocol/codec.ts';
import { type AgentWelcome, type HubToAgent, hubToAgent } from '../protocol/hub-to-agent.ts';
import { AGENT_SILENCE_MS, MAX_MESSAGE_BYTES } from '../protocol/limits.ts';
import type { Body } from '../protocol/message.ts';
import { byteLength } from '../protocol/text.ts';
import { createIdleTimeout } from './silence-watch.ts';

/** Sends a message if the hub is there. Answers whether it went into the socket. */
export type Send = (message: Body<AgentToHub>) => boolean;

export interface LinkOptions {
  /** The hub's base address: http, https, ws or wss. */
  hub: string;
  clock: Clock;
  random: () => number;
  log: (line: string) => void;
  /** The first message, made anew for each connection. */
  hello(): Body<AgentConnect>;
  heartbeat(): Body<AgentHeartbeat>;
  /** The hub has taken us: `isUp` from here on. */
  welcome(message: AgentWelcome): void;
  message(message: HubToAgent): void;
  /** The connection that was up is gone. */
  away(): void;
  /** The hub has told us not to come back, with this word. */
  refused(reason: string): void;
}

const CLOSE_MS = 1_000;
const decode = createDecoder(hubToAgent);

/** The address of the agents' socket. @throws {TypeError} where `hub` is no such address */
export function socketAddress(hub: string): string {
  const url = new URL(hub);
  const scheme = { 'http:': 'ws:', 'https:': 'wss:', 'ws:': 'ws:', 'wss:': 'wss:' }[url.protocol];
  if (!scheme) throw new TypeError(`${hub} is no address of a hub: it begins with https or http.`);
  return `${scheme}//${url.host}${url.pathname.replace(/\/$/, '')}/ws/agent`;
}

export type Link = ReturnType<typeof openLink>;

/** Connects, and stays connected. @throws {TypeError} where the address is none */
export function openLink(options: LinkOptions) {
  const { clock, log } = options;
  const address = socketAddress(options.hub);
  let socket: WebSocket | null = null;
  let isUp = false;
  let isDone = false;
  let tries = 0;
  let cancelRetry: (() => void) | null = null;
  let cancelHeartbeat: (() => void) | null = null;
  const silence = createIdleTimeout(clock, AGENT_SILENCE_MS, () => drop('the hub was silent'));

  function connect(): void {
    const opening = new WebSocket(address);
    socket = opening;
    silence.start();
    // An abandoned socket may still speak: only the current one is heard.
    const on = (type: string, act: (event: Event) => void) =>
      opening.addEventListener(type, (event) => {
        if (socket === opening) act(event);
      });
    on('open', () => void post(options.hello()));
    on('ping', silence.heard);
    on('pong', silence.heard);
    on('message', (event) => {
      silence.heard();
      if (event instanceof MessageEvent) receive(event.data);
    });
    on('close', (event) => {
      if (event instanceof CloseEvent) closed(event.code, event.reason);
    });
  }

  function receive(frame: unknown): void {
    const decoded = decode(frame);
    // Types of a later version, and nonsense, are ignored: an agent never answers with `error`.
    if (!decoded.ok) return;
    const { message } = decoded;
    try {
      if (message.type === 'agent:welcome') return welcomed(message);
      if (isUp) options.message(message);
    } catch (error) {
      log(`${message.type} could not be handled: ${String(error)}`);
    }
  }

  function welcomed(message: AgentWelcome): void {
    log(`connected to ${address} as ${message.agentId}`);
    tries = 0;
    isUp = true;
    cancelHeartbeat?.();
    cancelHeartbeat = clock.every(
      message.heartbeatIntervalMs,
      () => void post(options.heartbeat()),
    );
    options.welcome(message);
  }

  function closed(code: number, reason: string): void {
    release();
    if (isDone) return;
    if (code === CloseCode.policyViolation || code === CloseCode.replaced) {
      isDone = true;
      return options.refused(reason || 'refused');
    }
    retry(`closed with ${code}${reason && ` ${reason}`}`);
  }

  /** Gives up a socket that may never tell its own end. */
  function drop(why: string): void {
    const dropped = socket;
    release();
    if (dropped) terminate(dropped);
    retry(why);
  }

  function release(): void {
    socket = null;
    silence.stop();
    cancelHeartbeat?.();
    cancelHeartbeat = null;
    if (!isUp) return;
    isUp = false;
    options.away();
  }

  function retry(why: string): void {
    const wait = Math.round(backOff(tries, options.random()));
    tries += 1;
    log(`no connection to ${address} (${why}); next try in ${wait} ms`);
    cancelRetry = clock.after(wait, connect);
  }

  function post(message: Body<AgentToHub>): boolean {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    const frame = encode<AgentToHub>(message);
    // The hub would close the socket for it, and again after every reconnect.
    if (byteLength(frame) > MAX_MESSAGE_BYTES) {
      log(`${message.type} is larger than a message may be, and was not sent`);
      return false;
    }
    socket.send(frame);
    return true;
  }

  connect();

  return {
    send: ((message) => isUp && post(message)) satisfies Send,
    isUp: () => isUp,
    /** Closes for good. Resolves when the hub knows, or after a second. */
    async close(): Promise<void> {
      isDone = true;
      cancelRetry?.();
      const closing = socket;
      if (!closing) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      closing.addEventListener('close', () => resolve());
      closing.close(CloseCode.normal);
      const cancel = clock.after(CLOSE_MS, resolve);
      await promise;
      cancel();
      release();
      terminate(closing);
    },
  };
}

/** Ends a socket without a word; Bun's can, a browser's cannot. */
function terminate(socket: WebSocket): void {
  if ('terminate' in socket && typeof socket.terminate === 'function') socket.terminate();
}
