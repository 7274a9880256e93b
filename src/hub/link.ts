// Something a message can be sent to. The hub knows no sockets: `web` gives it these.
import { encode } from '../protocol/codec.ts';
import type { CloseCode, CloseReason } from '../protocol/close-codes.ts';
import type { HubToAgent } from '../protocol/hub-to-agent.ts';
import type { HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import type { Body } from '../protocol/message.ts';

/** One live socket. */
export interface Link {
  send(frame: string): void;
  /** Asks for a sign of life; the answer has the same mark. */
  ping(mark?: string): void;
  close(code: CloseCode, reason: CloseReason): void;
}

/** A dashboard's socket: it also listens to topics, and may be slow. */
export interface DashboardLink extends Link {
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /** Bytes not yet taken by the network; does not count what was published in this tick. */
  buffered(): number;
}

/** Sends one message to an agent. */
export function tellAgent(link: Link, body: Body<HubToAgent>): void {
  link.send(encode<HubToAgent>(body));
}

/** Sends one message to a dashboard. */
export function tellDashboard(link: Link, body: Body<HubToDashboard>): void {
  link.send(encode<HubToDashboard>(body));
}
