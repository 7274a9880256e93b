// A current or recent dashboard connection: the DashboardConnection of docs/data-model.md and the state kept with it.
import type { ConnectionState } from '../../protocol/connection-state.ts';
import type { ClientInfo, Role } from '../../protocol/entities.ts';
import type { Grants } from '../../protocol/grants.ts';
import type { DashboardLink } from '../link.ts';
import type { TokenBucket } from '../rate-limit.ts';
import type { Origin } from '../terminals/start-position.ts';
import type { Position, StoredPart } from '../terminals/stored-messages.ts';

/** The user who sent a request. */
export interface Actor {
  userId: string;
  role: Role;
  /** The agents that the user may see and use. */
  agents: Grants;
  /** The session or API token of the request. */
  sessionId?: string;
  /** The address that signed in, or sent the request with an API token; null if it is unknown. */
  address?: string | null;
  /** The API token that sent the request. Undefined if the user is signed in. */
  apiTokenId?: string;
}

/** The user of a session or an API token. */
export interface Identity extends Actor {
  /** The ID of the session or the token. */
  sessionId: string;
  address: string | null;
  /** When it expires, in Unix milliseconds. */
  expiresAt: number;
}

/** What a dashboard has asked for when it attached to the output of a command, and what it knows. */
export interface Attachment {
  /** Where it begins if it must begin again. */
  readonly origin: Origin;
  /** The output epoch that the hub sent last; null if it has sent none. */
  epoch: number | null;
  /** The number of the ping whose pong confirms that it has begun again; null if it need not. */
  resetConfirmedBy: number | null;
}

/** Where a dashboard is in the output of a command. */
export interface Cursor extends Position {
  readonly state: 'replay';
  readonly attachment: Attachment;
  /** The end of the output, if the command has no buffer any more. */
  storedEnd: { lastSequence: number; totalBytes: number } | null;
  /** What is left of the page that was read from the store last. */
  page: Iterator<StoredPart, undefined> | null;
  /** Whether it waits for the store. */
  isWaiting: boolean;
}

/**
 * A dashboard's subscription to one command's output. `replay`: the hub sends from the store and the buffer, from a cursor
 * on. `live`: chunks arrive through the topic. `sent`: everything was sent, and the pong to ping number `confirmedBy` or a
 * later one confirms that it arrived.
 */
export type Subscription =
  | Cursor
  | { readonly state: 'live'; readonly attachment: Attachment }
  | { readonly state: 'sent'; readonly confirmedBy: number; readonly attachment: Attachment };

export interface DashboardConnection {
  readonly id: string;
  readonly userId: string;
  /** The epoch of the hub when it connected first. */
  readonly hubEpoch: string;
  role: Role;
  /** The agents that the user may see and use. */
  agents: Grants;
  /** The session or API token that connected it last. */
  sessionId: string;
  /** The address that signed in to this session. */
  address: string | null;
  readonly connectionTime: number;
  lastActivity: number;
  /** The same time on the monotonic clock. */
  lastHeardAt: number;
  state: ConnectionState;
  clientInfo: ClientInfo;
  link: DashboardLink;
  /** Whether it receives the output of all commands or only of those it attaches to. */
  terminals: 'all' | 'attached';
  /** The compression it accepts. */
  accepts: 'deflate-raw' | null;
  /** Whether it can begin again with the output of one command. */
  acceptsReset: boolean;
  /** By commandId. */
  subscriptions: Map<string, Subscription>;
  /** The commands to which it attaches as soon as another hub's output is read, with the latest attempt of each. */
  attaching: Map<string, symbol>;
  /** Whether a page of output is being read for it. */
  isReadingOutput: boolean;
  /** How many of the published completions are known to have arrived: a pong confirms what was sent before its ping. */
  confirmedCompletions: number;
  /** The number of the latest ping. */
  lastPing: number;
  /** How many completions were published before each unanswered ping, by ping number. */
  unansweredPings: Map<number, number>;
  /** Since when it has had a backlog, on the monotonic clock; null if it has none. */
  backlogSince: number | null;
  /** When a slow dashboard last made progress, on the monotonic clock; null if it is not slow. */
  slowSince: number | null;
  messageBudget: TokenBucket;
  inputBudget: TokenBucket;
  /** Messages above the rate limit that are still answered. After that the socket is closed. */
  rejectionBudget: TokenBucket;
  cancelTimers: (() => void)[];
}
