// A connected or recently connected dashboard: the DashboardConnection of docs/data-model.md and the state kept beside it.
import type { ConnectionState } from '../../protocol/connection-state.ts';
import type { ClientInfo, Role } from '../../protocol/entities.ts';
import type { DashboardLink } from '../link.ts';
import type { TokenBucket } from '../rate-limit.ts';

/** The person behind a request. */
export interface Actor {
  userId: string;
  role: Role;
}

/** The person behind a socket, authenticated by a token. */
export interface Identity extends Actor {
  /** When the token expires, Unix milliseconds. */
  expiresAt: number;
}

/** A dashboard's position in one command's output. */
export interface Subscription {
  /** Live: chunks arrive through the topic. Otherwise the hub sends from the buffer, starting at `next`. */
  isLive: boolean;
  next: number;
}

export interface DashboardConnection {
  readonly id: string;
  readonly userId: string;
  role: Role;
  readonly connectionTime: number;
  lastActivity: number;
  state: ConnectionState;
  clientInfo: ClientInfo;
  link: DashboardLink;
  /** Whether it receives the output of all commands or only of those it attaches to. */
  terminals: 'all' | 'attached';
  /** The compression it accepts. */
  accepts: 'deflate-raw' | null;
  /** By commandId. */
  subscriptions: Map<string, Subscription>;
  /** How many of the published completions have certainly arrived: a pong confirms what was sent before its ping. */
  confirmedCompletions: number;
  /** For each unanswered ping, oldest first: how many completions were published before it. */
  pingedCompletions: number[];
  /** Since when it has been too slow for live output; null while it keeps up. */
  slowSince: number | null;
  messageBudget: TokenBucket;
  inputBudget: TokenBucket;
  cancelTimers: (() => void)[];
}
