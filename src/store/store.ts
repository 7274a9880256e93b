// What the hub asks of its memory. Every call is a promise, so that another database can stand behind the same interface.
import type { AgentType } from '../protocol/agent-status.ts';
import type { ApprovalOption } from '../protocol/approvals.ts';
import type { CommandQuery, CommandPage } from '../protocol/api.ts';
import type { CommandExecution, OutputStream, Role } from '../protocol/entities.ts';

export interface StoredUser {
  /** The name to log in with. */
  id: string;
  passwordHash: string;
  role: Role;
  createdAt: number;
}

export interface StoredAgent {
  agentId: string;
  agentType: AgentType;
  /** SHA-256 of its token, hexadecimal. */
  tokenHash: string;
  createdAt: number;
  createdBy: string;
}

/** A command and what delivery needs to know of it. */
export interface StoredCommand extends CommandExecution {
  requestId: string | null;
  /** How often it was handed to an agent; an agent runs one attempt at most once. */
  attempt: number;
  /** Whether this attempt may have reached the agent. */
  sent: boolean;
  /** The agent's journal this attempt was sent to. */
  journalId: string | null;
  /** The agent's own sequence up to which output is committed. */
  agentNextSequence: number;
  /** Of its output, once it has ended: what is known of it after the output itself is gone. */
  lastSequence: number | null;
  totalBytes: number | null;
}

/** A numbered piece of output, or of output lost. */
export interface StoredChunk {
  sequence: number;
  type: OutputStream;
  data: string;
  timestamp: number;
  /** Bytes the program wrote before this chunk, lost ones included. */
  offset: number;
  /** Bytes the agent had to drop, where this stands for such a gap; 0 for output. */
  lostBytes: number;
}

/** A question an agent asked, and its answer. */
export interface StoredApproval {
  approvalId: string;
  commandId: string;
  agentId: string;
  title: string;
  detail: string | null;
  options: ApprovalOption[];
  requestedAt: number;
  /** Null while it is open. */
  outcome: 'selected' | 'cancelled' | null;
  optionId: string | null;
  /** Who answered; null where nobody did. */
  resolvedBy: string | null;
  resolvedAt: number | null;
  /** When the agent said that its program has the answer. */
  appliedAt: number | null;
}

/** A line of the connection log, kept for 30 days. */
export interface StoredConnection {
  id: string;
  kind: 'dashboard' | 'agent';
  peer: string;
  connectedAt: number;
  disconnectedAt: number | null;
  closeCode: number | null;
  closeReason: string | null;
  clientInfo: Record<string, string> | null;
}

/** The hub's memory. A write's promise is fulfilled once it is on disk, and rejected if it will never be. */
export interface Store {
  users: {
    count(): Promise<number>;
    find(id: string): Promise<StoredUser | undefined>;
    insert(user: StoredUser): Promise<void>;
  };
  agents: {
    all(): Promise<StoredAgent[]>;
    insert(agent: StoredAgent): Promise<void>;
    remove(agentId: string): Promise<void>;
  };
  commands: {
    /** Keeps all of them, or none. */
    insert(...commands: StoredCommand[]): Promise<void>;
    update(id: string, changes: Partial<Omit<StoredCommand, 'id'>>): Promise<void>;
    find(id: string): Promise<StoredCommand | undefined>;
    /** Queued and running ones, oldest first. */
    unfinished(): Promise<StoredCommand[]>;
    /** Those with a requestId that came since a moment. */
    requestedSince(time: number): Promise<StoredCommand[]>;
    /** Newest first. */
    page(query: CommandQuery): Promise<CommandPage>;
  };
  output: {
    /**
     * Keeps chunks, and with them how far the agent's own sequence has come.
     * Rows before `firstSequence` are no longer held and may go.
     */
    append(
      commandId: string,
      chunks: readonly StoredChunk[],
      agentNextSequence: number,
      firstSequence: number,
    ): Promise<void>;
    /** What is kept of one command, in order. */
    of(commandId: string): Promise<StoredChunk[]>;
    free(commandId: string): Promise<void>;
    /** Frees the output of all commands but these. */
    freeAllBut(commandIds: readonly string[]): Promise<void>;
  };
  approvals: {
    insert(approval: StoredApproval): Promise<void>;
    update(approvalId: string, changes: Partial<Omit<StoredApproval, 'approvalId'>>): Promise<void>;
    /** Those that are open, or whose answer the agent has not confirmed; oldest first. */
    unsettled(): Promise<StoredApproval[]>;
    /** All questions of a command, oldest first. */
    ofCommand(commandId: string): Promise<StoredApproval[]>;
  };
  connections: {
    opened(connection: StoredConnection): Promise<void>;
    closed(id: string, time: number, code: number, reason: string): Promise<void>;
    /** Removes what was opened before a moment. */
    purgeBefore(time: number): Promise<void>;
  };
  /** Writes something that changes nothing: rejected, with the reason, while nothing can be written. */
  probe(): Promise<void>;
  /** Commits what is still to be committed, and lets go of the file. */
  close(): Promise<void>;
}
