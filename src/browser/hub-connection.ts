// The page's one connection to the hub: it comes back by itself, and goes on where it was.
import type { SessionAnswer } from '../protocol/api.ts';
import { backOff } from '../protocol/back-off.ts';
import type { Clock } from '../protocol/clock.ts';
import { CloseCode } from '../protocol/close-codes.ts';
import type { DashboardConnect, DashboardToHub } from '../protocol/dashboard-to-hub.ts';
import type { ClientInfo } from '../protocol/entities.ts';
import type { DashboardWelcome, HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { HUB_SILENCE_MS } from '../protocol/limits.ts';
import type { Body } from '../protocol/message.ts';
import { createUnpacker, readFrame, writeFrame } from './frames.ts';

type Resume = NonNullable<DashboardConnect['resume']>;

export interface SocketOptions {
  url: string;
  clock: Clock;
  random: () => number;
  clientInfo: ClientInfo;
  /** Null where nobody is signed in. */
  fetchSession(): Promise<SessionAnswer | null>;
  /** Where each terminal stands, for the hub to go on from there. */
  terminals(): Resume['terminals'];
  onMessage(message: HubToDashboard): void;
  /** `sameHub`: the hub has not been started anew since, so that sequences still compare. */
  onWelcome(welcome: DashboardWelcome, sameHub: boolean): void;
  onDrop(why: 'lost' | 'full'): void;
  /** Signed out, revoked, or given another role: nothing to retry. */
  onShutOut(): void;
}

export interface Socket {
  /** Sends, where the connection stands; false where it does not. */
  send(message: Body<DashboardToHub>): boolean;
  /** Tries at once, instead of at the end of the wait. */
  wake(): void;
}

/** Connects, and stays connected for as long as the page is open. */
export function connectToHub(options: SocketOptions): Socket {
  const { clock } = options;
  let socket: WebSocket | null = null;
  let welcomed = false;
  let lastHeard = 0;
  let attempt = 0;
  let past: Pick<DashboardWelcome, 'connectionId' | 'hubEpoch'> | null = null;
  let cancelRetry: (() => void) | null = null;

  async function connect(): Promise<void> {
    cancelRetry = null;
    try {
      const session = await options.fetchSession();
      if (session) open(session.token);
      else options.onShutOut();
    } catch {
      retry('lost');
    }
  }

  function open(token: string): void {
    const mine = new WebSocket(options.url);
    mine.binaryType = 'arraybuffer';
    socket = mine;
    const unpack = createUnpacker((text) => {
      if (socket === mine) hear(text);
    });
    lastHeard = clock.now();
    mine.addEventListener('open', () => mine.send(writeFrame(connectMessage(token))));
    mine.addEventListener('message', (event) => {
      lastHeard = clock.now();
      unpack(event.data);
    });
    mine.addEventListener('close', (event) => {
      if (socket === mine) leave(event.code);
    });
  }

  function connectMessage(token: string): Body<DashboardConnect> {
    return {
      type: 'dashboard:connect',
      token,
      clientInfo: options.clientInfo,
      terminals: 'attached',
      accept: ['deflate-raw'],
      ...(past && { resume: { ...past, terminals: options.terminals() } }),
    };
  }

  function hear(frame: string): void {
    const message = readFrame(frame);
    if (!message) return;
    options.onMessage(message);
    if (message.type !== 'dashboard:welcome') return;
    const sameHub = past?.hubEpoch === message.hubEpoch;
    past = { connectionId: message.connectionId, hubEpoch: message.hubEpoch };
    welcomed = true;
    attempt = 0;
    options.onWelcome(message, sameHub);
  }

  function leave(code: number): void {
    socket = null;
    welcomed = false;
    if (code === CloseCode.policyViolation) return options.onShutOut();
    // Somebody else goes on with this connection's name: come back under a new one.
    if (code === CloseCode.replaced) past = null;
    retry(code === CloseCode.tryAgainLater ? 'full' : 'lost');
  }

  function retry(why: 'lost' | 'full'): void {
    options.onDrop(why);
    cancelRetry = clock.after(backOff(attempt++, options.random()), () => void connect());
  }

  // A connection can die without a word: a laptop that slept, a network that changed.
  clock.every(1000, () => {
    if (!socket || clock.now() - lastHeard < HUB_SILENCE_MS) return;
    const silent = socket;
    leave(0);
    silent.close();
  });

  void connect();

  return {
    send(message) {
      if (!socket || !welcomed) return false;
      socket.send(writeFrame(message));
      return true;
    },
    wake() {
      if (!cancelRetry) return;
      cancelRetry();
      void connect();
    },
  };
}
