// A turn: one prompt and everything the program does for it, until it ends or is interrupted.
import {
  type PermissionOption,
  type RequestPermissionRequest,
  type RequestPermissionResponse,
  RequestError,
  type SessionUpdate,
} from '@agentclientprotocol/sdk';
import type { Clock } from '../../protocol/clock.ts';
import { ESCALATION_MS, SHELL_LINGER_MS } from '../../protocol/limits.ts';
import { killAfter } from '../process/tree.ts';
import type { CommandSpec, ExitStatus, Run, RunContext, StopLevel } from '../runner.ts';
import { acpErrorMessage, isAuthRequired } from './error.ts';
import { toApprovalRequest } from './permission.ts';
import type { AcpProcess } from './process.ts';
import type { AcpProgram } from './programs.ts';
import type { AcpSession } from './session.ts';
import { createTerminals, type TerminalsOptions } from './terminals.ts';
import { sanitizeOutput } from './text/sanitize.ts';
import { createTranscript } from './text/transcript.ts';
import { createTurnRecorder } from './turn-parts/recorder.ts';
import { createTurnMeter } from './turn-meter.ts';
import {
  failedStatus,
  INTERRUPTED,
  interruptedStatus,
  statusForStopReason,
  unsuccessfulStatus,
} from './turn-status.ts';

const SIGNALS = { terminate: 'SIGTERM', kill: 'SIGKILL' } as const;
const CANCELLED: RequestPermissionResponse = { outcome: { outcome: 'cancelled' } };
/** How many lines of stderr are shown when the program exits unexpectedly. */
const STDERR_LINES = 8;
const MAX_CONVERSATION_ID_LENGTH = 256;

export interface TurnOptions {
  spec: CommandSpec;
  context: RunContext;
  clock: Clock;
  acp: AcpProgram;
  /** The agent's folder, without symbolic links. */
  cwd: string;
  terminals: Omit<TerminalsOptions, 'onOutput' | 'clock'>;
  /** Rejects with a message for the user if the conversation cannot be opened. */
  session: Promise<AcpSession>;
  /** The program requires the user to sign in. */
  onSignedOut(): void;
}

export type Turn = ReturnType<typeof startTurn>;

export function startTurn(options: TurnOptions) {
  const { spec, context, clock, acp } = options;
  const transcript = createTranscript(clock.monotonic, options.cwd);
  const recorder = createTurnRecorder({
    now: clock.monotonic,
    toolOf: transcript.tool,
    onPart: context.setTurnPart,
  });
  const meter = createTurnMeter();
  const { promise: interrupted, resolve: onInterrupt } = Promise.withResolvers<null>();
  const terminals = createTerminals({
    ...options.terminals,
    clock,
    onOutput(id, lines) {
      write(transcript.output(id, lines));
      recorder.output(id, lines);
    },
  });
  let session: AcpSession | null = null;
  let sentSignal: string | null = null;
  let isInterrupted = false;
  let hasEnded = false;
  let hasFailed = false;
  let cancelSigint: (() => void) | null = null;

  const write = (text: string) => context.writeOutput('stdout', text);

  async function run(): Promise<ExitStatus> {
    try {
      const status = await runTurn();
      return status.kind === 'exited' && sentSignal ? { ...status, signal: sentSignal } : status;
    } finally {
      end();
    }
  }

  /** The program has ended the turn: stopping it no longer has an effect. */
  function end(): void {
    hasEnded = true;
    recorder.end();
    cancelSigint?.();
  }

  async function runTurn(): Promise<ExitStatus> {
    try {
      session = await Promise.race([options.session, interrupted]);
    } catch (error) {
      return failedStatus(acpErrorMessage(error));
    }
    if (!session) return INTERRUPTED;
    const { process: acpProcess, hasLostHistory, totalCost } = session;
    context.recordProcess(acpProcess.pid);
    if (hasLostHistory) {
      const text = 'The previous conversation could not be continued.';
      write(transcript.note(text));
      recorder.note(text);
    }
    const conversationId = session.sessionId.slice(0, MAX_CONVERSATION_ID_LENGTH);
    if (conversationId !== '') context.updateReport({ conversationId });
    await Promise.race([context.folderRecorded, interrupted]);
    if (isInterrupted) return INTERRUPTED;
    const before = new Set(acpProcess.findProcesses());
    const status = await prompt(session);
    await terminals.close();
    if (isInterrupted) {
      // Kill only what the turn has started. The program itself keeps running.
      const findStarted = () =>
        acpProcess.findProcesses().filter((pid) => pid !== acpProcess.pid && !before.has(pid));
      await killAfter(SHELL_LINGER_MS, findStarted, clock);
    }
    const report = { ...meter.report(totalCost), ...(await context.measureChanges()) };
    context.updateReport(report);
    write(transcript.end(report));
    return status;
  }

  async function prompt({ process: acpProcess, sessionId }: AcpSession): Promise<ExitStatus> {
    try {
      const { stopReason } = await acpProcess.agent.request('session/prompt', {
        sessionId,
        prompt: [{ type: 'text', text: spec.command }],
      });
      end();
      const isEnd = stopReason === 'end_turn';
      if (isInterrupted && (isEnd || stopReason === 'cancelled')) return INTERRUPTED;
      if (isEnd && hasFailed) {
        return unsuccessfulStatus(`${acp.title} could not finish. See its last message.`);
      }
      return statusForStopReason(stopReason, acp.title);
    } catch (error) {
      end();
      if (isAuthRequired(error)) options.onSignedOut();
      if (error instanceof RequestError && acpProcess.isAlive()) {
        return unsuccessfulStatus(acpErrorMessage(error));
      }
      // The program has exited or sent something invalid. Either way it has to be restarted.
      await acpProcess.close();
      return crashStatus(acpProcess, await acpProcess.exited);
    }
  }

  function crashStatus(acpProcess: AcpProcess, exitStatus: string): ExitStatus {
    if (isInterrupted) return interruptedStatus(exitStatus);
    const stderr = sanitizeOutput(acpProcess.stderrTail()).trim().split('\n').slice(-STDERR_LINES);
    context.writeOutput('stderr', `${stderr.join('\n')}\n`.replace(/^\n$/, ''));
    return failedStatus(
      `${acp.title} exited unexpectedly (${exitStatus}). The next command restarts it.`,
    );
  }

  function stop(level: StopLevel): boolean {
    if (hasEnded) return false;
    isInterrupted = true;
    onInterrupt(null);
    // A paused program cannot report that it has stopped.
    session?.process.resume();
    terminals.stop(level);
    if (level !== 'interrupt') signal(SIGNALS[level]);
    else if (session) {
      void session.process.agent.notify('session/cancel', { sessionId: session.sessionId });
      cancelSigint = clock.after(ESCALATION_MS / 2, () => signal('SIGINT'));
    }
    return true;
  }

  function signal(name: NodeJS.Signals): void {
    sentSignal = name;
    session?.process.signal(name);
  }

  const started: Run = {
    exited: run(),
    stop,
    pause() {
      if (!isInterrupted) session?.process.pause();
    },
    resume: () => session?.process.resume(),
  };

  return {
    run: started,
    terminals,

    update(update: SessionUpdate): void {
      if (!session) return;
      if (update.sessionUpdate === 'usage_update') meter.recordUsage(update);
      hasFailed ||= acp.isFailure?.(update) ?? false;
      write(transcript.update(update));
      recorder.update(update);
    },

    /** Sends a permission request to the hub and returns the user's choice. */
    async requestPermission(
      { toolCall, options: permissionOptions }: RequestPermissionRequest,
      requestId: unknown,
    ): Promise<RequestPermissionResponse> {
      if (permissionOptions.length === 0 || !session) return CANCELLED;
      const { toolCallId } = toolCall;
      const tool = transcript.updateTool(toolCall);
      write(transcript.approvalRequested(toolCallId));
      recorder.approvalRequested(toolCallId);
      const { outcome, optionId, confirm } = await context.requestApproval(
        toApprovalRequest(tool, permissionOptions),
      );
      const isSelected = (option: PermissionOption) =>
        outcome === 'selected' && option.optionId === optionId;
      const option = permissionOptions.find(isSelected) ?? null;
      write(transcript.approvalResolved(toolCallId, option));
      recorder.approvalResolved(toolCallId, option);
      session.process.onResponseWritten(requestId, confirm);
      if (!option) return CANCELLED;
      return { outcome: { outcome: 'selected', optionId: option.optionId } };
    },
  };
}
