// The interface of a runner: the shell, or an AI program. The agent handles what all runners share (one command at a
// time, timeout, escalation, output, journal, result). A runner handles its program.
import type { AgentApprovalRequest } from '../protocol/agent-to-hub.ts';
import type { OutputStream, Session } from '../protocol/entities.ts';
import type { CommandReport } from '../protocol/report.ts';
import type { CommandError } from '../protocol/errors.ts';
import type { AgentApprovalResolved } from '../protocol/hub-to-agent.ts';
import type { TurnPart } from '../protocol/turn.ts';

/** Runs commands of certain kinds, one at a time. */
export interface Runner {
  readonly name: string;
  readonly version: string;
  /** What it can run now: `shell`, `pty`, `prompt`, slash commands by name (docs/protocol.md, "Agents"). */
  capabilities(): readonly string[];
  /**
   * Starts a command. Failures after the start are reported by `Run.exited`.
   * @throws if the command cannot start; the command then fails with the error's message
   */
  start(spec: CommandSpec, context: RunContext): Run;
  /** What its slash commands do, by name, for the completion of `/`. */
  descriptions?(): Readonly<Record<string, string>>;
  /** Explains why capabilities are missing and which command fixes it; null if none are missing. */
  notice?(): string | null;
  /** Resolves when the capabilities are known; never rejects. The agent waits for this before it connects. */
  readonly ready?: Promise<void>;
  /** Calls `onChange` whenever `capabilities()` or `notice()` changes. Replaces an earlier subscription. */
  subscribe?(onChange: () => void): void;
  /** Stops the processes that the runner keeps between commands. */
  close?(): Promise<void>;
}

/** The command to run. */
export interface CommandSpec {
  readonly commandId: string;
  readonly command: string;
  readonly session: Session;
}

/** What the agent provides for a run. */
export interface RunContext {
  /** Writes output in the order it was read. `text` must consist of whole code points. */
  writeOutput(stream: OutputStream, text: string): void;
  /**
   * Records the process group in the journal, so that a restarted agent can kill it. The record is written when this
   * returns. Call it before the program does anything.
   */
  recordProcess(pid: number): void;
  /** Resolves when the agent's folder has been recorded: only then may the command change it. Null: at once. */
  readonly folderRecorded: Promise<unknown> | null;
  /**
   * Measures what the command has changed. The agent does this when the command has ended; a runner that needs the result
   * calls it before. Only the first call measures.
   */
  measureChanges(timeoutMs?: number): Promise<Pick<CommandReport, 'changes'>>;
  /** Updates the report of the command. Omitted fields keep their values. */
  updateReport(report: CommandReport): void;
  /**
   * Sets the content of a part of the turn, by its index, beside the terminal text. `read` is called when it is sent; of
   * several calls for a part, only the last one counts.
   */
  setTurnPart(part: number, read: () => TurnPart): void;
  /** Sends an approval request to the hub. The time until the response does not count toward the timeout. */
  requestApproval(request: ApprovalRequestContent): Promise<ApprovalResponse>;
}

/** An approval request without the fields that the agent adds. */
export type ApprovalRequestContent = Omit<
  AgentApprovalRequest,
  'type' | 'version' | 'approvalId' | 'commandId'
>;

/** Call `confirm` when the program has received the response: until then the hub resends it after a reconnect. */
export type ApprovalResponse = Pick<AgentApprovalResolved, 'outcome' | 'optionId'> & {
  confirm(): void;
};

/** How to stop a run: `interrupt` (protocol cancel or SIGINT), `terminate` (SIGTERM), `kill` (SIGKILL). */
export type StopLevel = 'interrupt' | 'terminate' | 'kill';

/** A started command. */
export interface Run {
  /**
   * Resolves, never rejects, when all output has been delivered and every process of the command has exited or was
   * left running on purpose.
   */
  readonly exited: Promise<ExitStatus>;
  /** Stops everything the command started. Returns false if the program had already exited. */
  stop(level: StopLevel): boolean;
  /** Stops reading the program's output until `resume`. Idempotent. */
  pause(): void;
  resume(): void;
  /** Sends keystrokes. Present only if the runner has the capability `pty`. */
  writeInput?(data: string): void;
  /** Resizes the terminal, in characters. */
  resize?(cols: number, rows: number): void;
}

/**
 * How a program ended. `exited`: with an exit code; `signal` is the last signal sent to it, if any, and `error`
 * explains a non-zero code. `signaled`: terminated by a signal. `failed`: neither is known.
 */
export type ExitStatus =
  | { kind: 'exited'; exitCode: number; signal?: string; error?: CommandError }
  | { kind: 'signaled'; signal: string }
  | { kind: 'failed'; error: CommandError };
