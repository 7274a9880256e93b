// The persistence interface of the hub. Every method is asynchronous, so that any database can implement it; the rules
// an implementation must satisfy are in test/store/store-conformance.ts.
import type { AgentType } from '../protocol/agent-status.ts';
import type { FileChanges } from '../protocol/changes.ts';
import type { CommandPage, CommandQuery } from '../protocol/api.ts';
import type { AuditEntry, AuditPage, AuditQuery } from '../protocol/audit.ts';
import type { Approval } from '../protocol/approvals.ts';
import type { CommandExecution, OutputStream, Pause, Role } from '../protocol/entities.ts';
import type { Grants } from '../protocol/grants.ts';
import type { RemovalReason } from '../protocol/output-removal.ts';
import type { TurnPart, TurnState } from '../protocol/turn.ts';
import type { ExpiringTable } from './expiring.ts';
import type { Reload } from './pending-writes.ts';

/** The second factor of a user. */
export interface StoredTwoFactor {
  /** The secret shared with the authenticator app, in Base32. */
  secret: string;
  /** The time step of the last code that was accepted. Codes up to it are not accepted again. */
  lastStep: number;
  /** The SHA-256 hashes of the recovery codes that have not been used, in hexadecimal. */
  recoveryHashes: string[];
}

/** A user of an identity provider. */
export interface StoredIdentity {
  issuer: string;
  /** Identifies the user at the issuer. */
  subject: string;
}

export interface StoredUser {
  /** The username. */
  id: string;
  /** Null until the user chooses a password, and with single sign-on. */
  passwordHash: string | null;
  role: Role;
  agents: Grants;
  createdAt: number;
  /** When the user was disabled; null if the user can sign in. */
  disabledAt: number | null;
  /** Null if two-factor sign-in is off. */
  twoFactor: StoredTwoFactor | null;
  /** Null for a user who signs in with a password. */
  identity: StoredIdentity | null;
}

/** The session of a signed-in user. */
export interface StoredSession {
  id: string;
  userId: string;
  role: Role;
  agents: Grants;
  createdAt: number;
  expiresAt: number;
  /** When it was last used, to about a minute. */
  lastSeenAt: number;
  /** The address that signed in; null if it is unknown. */
  address: string | null;
  /** The `User-Agent` header of the sign-in. */
  userAgent: string | null;
}

export interface StoredAgent {
  agentId: string;
  agentType: AgentType;
  labels: string[];
  createdAt: number;
  createdBy: string;
  /** When it last connected; null if it never has. */
  connectionTime: number | null;
  /** When the hub last received data from it; null if it never has. */
  lastHeartbeat: number | null;
  /** Its capabilities when it last connected. */
  capabilities: string[];
  /** Null if it is not paused. */
  paused: Pause | null;
}

/** What all tokens have that people create. */
export interface StoredToken {
  id: string;
  /** The SHA-256 hash of its secret, in hexadecimal. */
  tokenHash: string;
  createdAt: number;
  /** Null if it does not expire. */
  expiresAt: number | null;
  /** When it was last used, to about a minute; null if it never was. */
  lastUsedAt: number | null;
}

/** A token with which an agent connects. */
export interface StoredAgentToken extends StoredToken {
  agentId: string;
  /** What people call it; null if they gave no name. */
  name: string | null;
  createdBy: string;
}

/** A token with which scripts act as a user. */
export interface StoredApiToken extends StoredToken {
  userId: string;
  name: string;
  /** The highest role that it may act with. */
  scope: Role;
  expiresAt: number;
  /** The IP address of the last use; null if it is not known. */
  lastAddress: string | null;
}

/** The tokens of one kind. */
export interface TokenTable<T extends StoredToken> {
  /** Lists all tokens, oldest first. */
  list(): Promise<T[]>;
  insert(token: T, entry?: AuditEntry): Promise<void>;
  /** Stores the last use of a token. */
  update(id: string, use: Partial<T>): Promise<void>;
  remove(ids: readonly string[], entry?: AuditEntry): Promise<void>;
}

/** A command with its delivery state. */
export interface StoredCommand extends CommandExecution {
  requestId: string | null;
  /** How many times it was sent to an agent. An agent runs each attempt at most once. */
  attempt: number;
  /** Whether the agent may have received this attempt. */
  sent: boolean;
  /** The agent journal that this attempt was sent to. */
  journalId: string | null;
  /** The agent's sequence up to which output is committed, exclusive. */
  agentNextSequence: number;
  /** Whether it has ended but its agent may still send output. */
  isOutputOpen: boolean;
  /** The last sequence of its output, kept after the output is removed; null until the command ends. */
  lastSequence: number | null;
  /** The size of its output, kept after the output is removed; null until the command ends. */
  totalBytes: number | null;
  /**
   * Its place in the queue since a user last changed the order: lower ones first. Null if it was requested after that.
   */
  queueRank: number | null;
}

/** A prompt that a user saved. */
export interface StoredPrompt {
  id: string;
  userId: string;
  /** Unique among the prompts of the user. */
  name: string;
  text: string;
  createdAt: number;
  updatedAt: number;
}

/** A chunk of output, or a gap in it. */
export interface StoredChunk {
  sequence: number;
  type: OutputStream;
  data: string;
  timestamp: number;
  /** The number of bytes the program wrote before this chunk, dropped bytes included. */
  offset: number;
  /** The number of bytes the agent dropped, if this is a gap; 0 for output. */
  lostBytes: number;
}

/** A part of a turn. `revision` is the agent's update with which it last changed. */
export interface StoredTurnPart {
  index: number;
  revision: number;
  content: TurnPart;
}

/** The turn of a prompt. It has no parts if it is `partial`. */
export interface StoredTurn {
  state: TurnState;
  /** The agent's update up to which it is stored, exclusive. */
  nextSequence: number;
  parts: StoredTurnPart[];
}

/** An approval request. If `detailBytes` is not null, `detail` is an excerpt, and the whole detail is stored beside it. */
export type StoredApproval = Approval;

/** The files that a command has changed. */
export interface StoredFileChanges extends FileChanges {
  /** The paths of the files that have been reverted. */
  revertedPaths: string[];
}

/** A file that was restored as it was before a command. */
export interface StoredFileRevert {
  commandId: string;
  path: string;
  revertedAt: number;
}

/** Selects approval requests of a command. */
export interface ApprovalQuery {
  /** Whether to leave out pending requests. */
  resolvedOnly?: boolean;
  limit?: number;
}

/** The position of a command among those of its agent, by their ends. */
export type EndPosition = Readonly<{ completedAt: number; id: string }>;

/** What is stored of a command's output. */
export interface StoredTranscript {
  commandId: string;
  /** The size of the compressed blocks. */
  bytes: number;
  /** When output was last added. */
  updatedAt: number;
  /** When the output was deleted; null if it was not. */
  removedAt: number | null;
  removalReason: RemovalReason | null;
  /** The rule by which it was deleted: the retention in milliseconds, or the quota in bytes. */
  removalLimit: number | null;
}

/** Consecutive stored output. */
export interface StoredPage {
  chunks: StoredChunk[];
  /** The sequence after the last chunk. */
  nextSequence: number;
  /** Why the chunks up to `nextSequence` cannot be read. */
  damage: string | null;
}

/** Which output is deleted. `time` is now. */
export type OutputPurge = { time: number } & (
  | { reason: 'retention'; before: number; limit: number | null }
  /** While all output together is larger than `limit`, in bytes. */
  | { reason: 'quota'; limit: number }
  /** While less than this is free within the file of the database. */
  | { reason: 'disk'; freeBytes: number }
);

/** An entry of the connection log. */
export interface StoredConnection {
  id: string;
  kind: 'dashboard' | 'agent';
  /** The user or agent that connected. */
  peer: string;
  connectedAt: number;
  disconnectedAt: number | null;
  closeCode: number | null;
  closeReason: string | null;
  clientInfo: Record<string, string> | null;
  /** The session, API token or agent token that it was opened with. */
  credentialId: string | null;
  /** The IP address that opened it. */
  address: string | null;
}

/** The codes of errors that mean that the disk of the database is full: one of SQLite, and a SQLSTATE. */
export const DISK_FULL_CODES: readonly unknown[] = ['SQLITE_FULL', '53100'];
/** The codes of errors that mean that a row with this key exists: one of SQLite, and a SQLSTATE. */
export const DUPLICATE_CODES: readonly unknown[] = ['SQLITE_CONSTRAINT_PRIMARYKEY', '23505'];
/** The code of errors that mean that the server of the database cannot be reached. */
export const UNREACHABLE_CODE = 'UNREACHABLE';

/**
 * A write resolves once it is durable, and rejects if it failed. Concurrent writes take effect in call order. A write
 * that takes audit entries stores them in the same transaction: all or none.
 */
export interface Store {
  users: {
    /** Lists all users by ID. */
    list(): Promise<StoredUser[]>;
    find(id: string): Promise<StoredUser | undefined>;
    insert(user: StoredUser, entry?: AuditEntry): Promise<void>;
    update(id: string, changes: Partial<Omit<StoredUser, 'id'>>, entry?: AuditEntry): Promise<void>;
    /**
     * Replaces the second factor if it is still as expected, so that two hubs do not accept the same code. Returns whether it
     * was replaced.
     */
    replaceTwoFactor(
      id: string,
      expected: StoredTwoFactor,
      twoFactor: StoredTwoFactor,
    ): Promise<boolean>;
    /** Removes a user, and the user's API tokens and saved prompts. */
    remove(id: string, entry?: AuditEntry): Promise<void>;
    /**
     * Replaces a name in at most `limit` rows of each table, and deletes addresses and browsers from these rows. Returns
     * how many rows it has changed.
     */
    erase(id: string, replacement: string, limit: number): Promise<number>;
    /** Reads the users again, if they are kept in memory: another hub may have changed them. */
    reload?: Reload;
  };
  sessions: {
    list(): Promise<StoredSession[]>;
    insert(session: StoredSession, entry?: AuditEntry): Promise<void>;
    /** Updates when a session was last used. */
    touch(id: string, time: number): Promise<void>;
    remove(ids: readonly string[], entries?: readonly AuditEntry[]): Promise<void>;
  };
  agents: {
    /** Lists all agents by agentId. */
    list(): Promise<StoredAgent[]>;
    /** Inserts an agent and its first token, or neither. */
    insert(agent: StoredAgent, token: StoredAgentToken, entry?: AuditEntry): Promise<void>;
    update(
      agentId: string,
      changes: Partial<Omit<StoredAgent, 'agentId'>>,
      entry?: AuditEntry,
    ): Promise<void>;
    /** Removes an agent and its tokens. */
    remove(agentId: string, entry?: AuditEntry): Promise<void>;
  };
  agentTokens: TokenTable<StoredAgentToken>;
  apiTokens: TokenTable<StoredApiToken>;
  commands: {
    /** Inserts all commands, or none. */
    insert(
      commands: StoredCommand | readonly StoredCommand[],
      entries?: readonly AuditEntry[],
    ): Promise<void>;
    update(
      id: string,
      changes: Partial<Omit<StoredCommand, 'id'>>,
      entry?: AuditEntry,
    ): Promise<void>;
    /** Stores the order of a queue: each command gets its index as `queueRank`. */
    reorder(ids: readonly string[]): Promise<void>;
    find(id: string): Promise<StoredCommand | undefined>;
    /** Lists queued and running commands, oldest first. */
    listUnfinished(): Promise<StoredCommand[]>;
    /** Lists ended commands whose agents may still send output, oldest first. */
    listWithOpenOutput(): Promise<StoredCommand[]>;
    /** Lists commands with a requestId that were requested at or after `time`, oldest first. */
    listRequestedSince(time: number): Promise<StoredCommand[]>;
    /**
     * Returns a page of the commands that match all filters, newest first.
     * @param agentIds only commands of these agents; null for all
     */
    listPage(query: CommandQuery, agentIds?: readonly string[] | null): Promise<CommandPage>;
    /** Lists at most `limit` ended commands of an agent, the latest end first. @param before only those that precede it */
    listEnded(agentId: string, limit: number, before?: EndPosition): Promise<StoredCommand[]>;
    /**
     * Lists different texts that a user requested, the latest first, without those that others have edited. Only the
     * latest 1,000 commands of the user are considered.
     */
    listTexts(userId: string, limit: number): Promise<string[]>;
    /**
     * Deletes at most `limit` commands that completed before `time`, with their approval requests, turns, output and changed
     * files; returns how many. Commands whose output is open are kept.
     */
    purgeBefore(time: number, limit: number): Promise<number>;
  };
  prompts: {
    /** Lists the saved prompts of a user by name. */
    list(userId: string): Promise<StoredPrompt[]>;
    insert(prompt: StoredPrompt): Promise<void>;
    update(id: string, changes: Partial<Omit<StoredPrompt, 'id' | 'userId'>>): Promise<void>;
    remove(id: string): Promise<void>;
  };
  output: {
    /**
     * Stores chunks and the agent's next sequence in one transaction.
     * @param time when the chunks were received
     */
    append(
      commandId: string,
      chunks: readonly StoredChunk[],
      agentNextSequence: number,
      time: number,
    ): Promise<void>;
    /** Commits what was appended now. Otherwise that takes up to 20 ms. */
    flush(): Promise<void>;
    /** Lists the latest chunks of a command in order: at least `bytes` of text, or `count` chunks, if there are as many. */
    listLatest(commandId: string, bytes: number, count?: number): Promise<StoredChunk[]>;
    /** Returns the next stored chunks of a command from a sequence on; null if there are none. */
    listFrom(commandId: string, sequence: number): Promise<StoredPage | null>;
    /** Returns the size of the text that is stored before a sequence and can be read. */
    countBytes(commandId: string, before: number): Promise<number>;
    /** Finds the last stored chunk that begins at or before a byte offset. */
    findPosition(
      commandId: string,
      offset: number,
    ): Promise<Pick<StoredChunk, 'sequence' | 'offset'> | undefined>;
    /** Compresses the output of a command that has ended. More output can follow. */
    complete(commandId: string, time: number): Promise<void>;
    /** Compresses the output of all commands except these, after a crash. */
    completeExcept(commandIds: readonly string[], time: number): Promise<void>;
    /** Deletes chunks before a sequence, in blocks: some of them can remain. */
    removeBefore(commandId: string, sequence: number): Promise<void>;
    /** Marks the output of a command as deleted. `purge` frees its space. */
    remove(
      commandId: string,
      time: number,
      reason: RemovalReason,
      entry?: AuditEntry,
    ): Promise<void>;
    /** What is stored; undefined if the command never had output. */
    findTranscript(commandId: string): Promise<StoredTranscript | undefined>;
    /**
     * Deletes a part of the output that a rule selects, the oldest first. Returns whether it must be called again. The output
     * of commands that have not ended, or whose output is open, is deleted last, from its start on, and never for its age.
     */
    purge(rule: OutputPurge): Promise<boolean>;
  };
  turns: {
    /** Stores the state of a turn and the parts that have changed. If it is `partial`, deletes all parts. */
    save(commandId: string, turn: StoredTurn): Promise<void>;
    /** Finds a turn with its parts in order. */
    find(commandId: string): Promise<StoredTurn | undefined>;
  };
  fileChanges: {
    /** Stores the changed files of a command. Has no effect if they are stored already. */
    insert(commandId: string, changes: FileChanges): Promise<void>;
    find(commandId: string): Promise<StoredFileChanges | undefined>;
    markReverted(revert: StoredFileRevert, entry?: AuditEntry): Promise<void>;
  };
  approvals: {
    /** @param detail the whole detail, if the one of `approval` is an excerpt */
    insert(approval: StoredApproval, detail?: string): Promise<void>;
    update(
      approvalId: string,
      changes: Partial<Omit<StoredApproval, 'approvalId'>>,
      entry?: AuditEntry,
    ): Promise<void>;
    find(approvalId: string): Promise<StoredApproval | undefined>;
    /** Finds a whole detail. Undefined if the request has none, or contains all of it. */
    findDetail(approvalId: string): Promise<string | undefined>;
    /** Cancels all pending requests except those of these commands. */
    cancelPendingExcept(commandIds: readonly string[], time: number): Promise<void>;
    /** Lists the approval requests of a command, oldest first. */
    listByCommand(commandId: string, query?: ApprovalQuery): Promise<StoredApproval[]>;
    /** Counts them, without regard to `limit`. */
    countByCommand(commandId: string, query?: ApprovalQuery): Promise<number>;
    /**
     * Lists requests that were resolved, the latest first.
     * @param agentIds only those of these agents; null for all
     */
    listResolved(agentIds: readonly string[] | null, limit: number): Promise<StoredApproval[]>;
  };
  connections: {
    /** @param hubId the hub that it is to, if several share the store */
    insert(connection: StoredConnection, hubId?: string): Promise<void>;
    markClosed(id: string, time: number, code: number, reason: string): Promise<void>;
    /** Marks all open connections as closed, except those to hubs that have a lease. */
    markAllClosed(time: number, code: number, reason: string): Promise<void>;
    /** Lists connections, latest first: at most `limit`, starting after the one with the ID `cursor`. */
    list(limit: number, cursor?: string): Promise<StoredConnection[]>;
    /** Deletes at most `limit` connections that were closed before `time`; returns how many. */
    purgeBefore(time: number, limit: number): Promise<number>;
  };
  audit: {
    insert(...entries: AuditEntry[]): Promise<void>;
    /** Returns a page of the entries that match all filters, merged with the connection log, newest first. */
    listPage(query: AuditQuery): Promise<AuditPage>;
    /** Deletes at most `limit` entries from before `time`; returns how many. */
    purgeBefore(time: number, limit: number): Promise<number>;
  };
  /** Performs a write that changes nothing, to check whether the database accepts writes. */
  probe(): Promise<void>;
  /** The values that expire, if several hubs can share this store. */
  readonly expiring?: ExpiringTable;
  /** Commits pending writes and closes the database. */
  close(): Promise<void>;
}
