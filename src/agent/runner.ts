// What runs commands behind the agent: a shell, and an AI's program beside it. The agent owns everything that all of
// them share (one at a time, time-out, escalation, output, journal, result); a runner owns its program.
import type { AgentApprovalRequest } from '../protocol/agent-to-hub.ts';
import type { OutputStream, Session } from '../protocol/entities.ts';
import type { CommandReport } from '../protocol/report.ts';
import type { CommandError } from '../protocol/errors.ts';
import type { AgentApprovalResolved } from '../protocol/hub-to-agent.ts';

/** Something that can run commands of certain kinds, one at a time. */
export interface Runner {
  readonly name: string;
  readonly version: string;
  /** What it can run now: `shell`, `pty`, `prompt`, slash commands by name (protocol.md, "Agents"). */
  capabilities(): readonly string[];
  /**
   * Begins a command. What goes wrong later is told by `Run.ended`.
   * @throws where it cannot begin at all: the command fails with the error's message
   */
  start(job: CommandSpec, host: RunContext): Run;
  /** What is missing for it to run more, and the command that mends it; null where nothing is. */
  notice?(): string | null;
  /** Resolves, never rejects, when it is known what it can run: until then the agent does not connect. */
  readonly ready?: Promise<void>;
  /** Called once; the runner calls `changed` whenever `capabilities()` or `notice()` answers something new. */
  watch?(changed: () => void): void;
  /** Ends what the runner keeps between commands. */
  close?(): Promise<void>;
}

/** A command as a runner sees it. */
export interface CommandSpec {
  readonly commandId: string;
  readonly command: string;
  readonly session: Session;
}

/** What the agent does for a run. */
export interface RunContext {
  /** Takes output, whole code points only, in the order it was read. */
  output(stream: OutputStream, text: string): void;
  /**
   * Notes in the journal which process group the command is, before this returns: a restarted agent ends it.
   * Call it before the program does anything of its own.
   */
  process(pid: number): void;
  /** Tells what has become known of the turn; what was told before stays. */
  report(news: CommandReport): void;
  /** Puts a question to the hub's people. The time until the answer does not count against the time-out. */
  ask(question: ApprovalRequestContent): Promise<ApprovalResponse>;
}

/** A question, without what the agent adds to it. */
export type ApprovalRequestContent = Omit<
  AgentApprovalRequest,
  'type' | 'version' | 'approvalId' | 'commandId'
>;

/** What was answered. Call `applied` once the program has it; until then the hub repeats it after a reconnect. */
export type ApprovalResponse = Pick<AgentApprovalResolved, 'outcome' | 'optionId'> & {
  applied(): void;
};

/** How hard to stop: ask it (protocol cancel, SIGINT), 5 s later tell it (SIGTERM), 5 s later end it (SIGKILL). */
export type StopLevel = 'ask' | 'tell' | 'end';

/** A command under way. */
export interface Run {
  /** Resolves, never rejects, after all output was handed over and everything the command started is gone or let go. */
  readonly ended: Promise<ExitStatus>;
  /** Stops everything the command started. Answers whether it was still running: false after its own end. */
  stop(step: StopLevel): boolean;
  /** Take no more output from the program for now. It may be called again while it holds. */
  pause(): void;
  resume(): void;
  /** Keystrokes, where the runner has `pty`. */
  input?(data: string): void;
  /** The size of the terminal in characters. */
  resize?(cols: number, rows: number): void;
}

/**
 * How a program ended. `exited`: by itself, `signal` being what it was sent before, where it was sent one.
 * `signalled`: a signal ended it. `failed`: neither can be said. `error` says more of an exit code that is not 0.
 */
export type ExitStatus =
  | { kind: 'exited'; exitCode: number; signal?: string; error?: CommandError }
  | { kind: 'signalled'; signal: string }
  | { kind: 'failed'; error: CommandError };
