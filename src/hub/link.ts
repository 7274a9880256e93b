// The hub's interface to a socket. `src/web` provides the implementation, so that the hub contains no networking.
import { encode } from '../protocol/codec.ts';
import type { CloseCode, CloseReason } from '../protocol/close-codes.ts';
import type { HubToAgent } from '../protocol/hub-to-agent.ts';
import type { HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import type { Unversioned } from '../protocol/message.ts';

/** One open socket. */
export interface Link {
  /** The IP address of the peer; null if it is unknown. */
  readonly address: string | null;
  send(frame: string | Uint8Array): void;
  /** Sends a ping; the pong carries the same payload. */
  ping(payload?: string): void;
  close(code: CloseCode, reason: CloseReason): void;
}

/** A dashboard's socket, which also subscribes to topics and can be slow. */
export interface DashboardLink extends Link {
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /** Runs `send`, and writes everything that it sends to the network at once: for less than half of the CPU time. */
  cork(send: () => void): void;
  /** Bytes not yet passed to the network, without the last messages published in this tick (at most 32). */
  bufferedBytes(): number;
}

/** Sends one message to an agent. */
export function sendToAgent(link: Link, body: Unversioned<HubToAgent>): void {
  link.send(encode<HubToAgent>(body));
}

/** Sends one message to a dashboard. */
export function sendToDashboard(link: Link, body: Unversioned<HubToDashboard>): void {
  link.send(encode<HubToDashboard>(body));
}
