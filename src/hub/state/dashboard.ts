// A dashboard the hub serves: the DashboardConnection of data-model.md, and what it follows.
import type { ConnectionState } from '../../protocol/connection-state.ts';
import type { ClientInfo, Role } from '../../protocol/entities.ts';
import type { DashboardLink } from '../link.ts';
import type { Bucket } from '../rate-limit.ts';

/** Who asks for something. */
export interface Actor {
  userId: string;
  role: Role;
}

/** Who is at the other end, proved by a token. */
export interface Identity extends Actor {
  /** When the proof ends, Unix milliseconds. */
  expiresAt: number;
}

/** A dashboard's place in one command's output. */
export interface Reader {
  /** Live: the topic brings what comes. Otherwise the cursor `next` walks through the buffer. */
  live: boolean;
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
  /** Whether it gets every command's output, or what it attaches to. */
  terminals: 'all' | 'attached';
  /** How its broadcasts may be compressed. */
  accepts: 'deflate-raw' | null;
  readers: Map<string, Reader>;
  /** So many of the ends that were told have surely reached it: a pong says that what came before its ping did. */
  heardEnds: number;
  /** For each ping it has not answered, in order, how many had been told before. */
  pingedEnds: number[];
  /** Since when it does not keep up; null while it does. */
  slowSince: number | null;
  messages: Bucket;
  input: Bucket;
  cancelTimers: (() => void)[];
}
