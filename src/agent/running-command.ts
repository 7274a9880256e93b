// A running command: its timeout, its escalation from interrupt to kill, and the batching of its output. It does not
// depend on the connection to the hub.
import type { Clock } from '../protocol/clock.ts';
import type { OutputStream } from '../protocol/entities.ts';
import { ESCALATION_MS } from '../protocol/limits.ts';
import type { FileChanges } from '../protocol/changes.ts';
import type { CommandReport } from '../protocol/report.ts';
import type { TurnPart } from '../protocol/turn.ts';
import { type Approvals, cancelledResponse } from './approvals.ts';
import type { CommandMeter } from './changes/change-tracker.ts';
import { createDeadline, type Deadline } from './deadline.ts';
import { errorMessage } from './error-message.ts';
import { createOutputBatcher } from './output-batcher.ts';
import { isAlive } from './process/table.ts';
import { type CommandResult, type StopReason, toCommandResult } from './result.ts';
import type { CommandSpec, ExitStatus, Run, RunContext, Runner, StopLevel } from './runner.ts';
import { createTurnBatcher } from './turn-batcher.ts';

export interface StartCommandOptions {
  spec: CommandSpec;
  runner: Runner;
  /** The timeout in milliseconds, not counting the time spent waiting for approval. */
  timeoutMs: number;
  clock: Clock;
  approvals: Approvals;
  meter: CommandMeter;
  /** Receives batches of at most 10 KB. */
  onOutput(stream: OutputStream, text: string): void;
  /** Must write the process to the journal before it returns. */
  onProcess(pid: number): void;
  /** Receives the whole report whenever a part of it changes. */
  onReport(report: CommandReport): void;
  /** Receives the parts of the turn that have changed. */
  onTurnParts(parts: ReadonlyMap<number, TurnPart>): void;
}

/** The time limit for measuring the changes of an interrupted command, in milliseconds. */
const INTERRUPTED_METER_MS = 500;

/** How a command ended, and which files it has changed. */
interface FinishedCommand {
  result: CommandResult;
  changes: FileChanges | null;
}

/** Starts a command. If it cannot start, `finished` resolves with a failure. */
export function startCommand(options: StartCommandOptions) {
  const { spec, clock, approvals, meter, timeoutMs } = options;
  const batcher = createOutputBatcher(clock, options.onOutput);
  const turnBatcher = createTurnBatcher(clock, options.onTurnParts);
  let pid: number | null = null;
  let lastOutputAt: number | null = null;
  let report: CommandReport | null = null;
  let stopReason: StopReason | null = null;
  let hasExited = false;
  let cancelEscalation: (() => void) | null = null;
  let deadline: Deadline | null = null;

  const context: RunContext = {
    writeOutput(stream, text) {
      if (text !== '') lastOutputAt = clock.now();
      batcher.add(stream, text);
    },
    recordProcess(newPid) {
      pid = newPid;
      options.onProcess(newPid);
    },
    folderRecorded: meter.ready,
    measureChanges: async (limitMs) => (await measureChanges(limitMs)).report,
    updateReport(changes) {
      report = { ...report, ...changes };
      if (!hasExited) options.onReport(report);
    },
    setTurnPart: turnBatcher.set,
    async requestApproval(request) {
      if (stopReason || hasExited) return cancelledResponse();
      deadline?.pause();
      const response = await approvals.request(request);
      deadline?.resume();
      return response;
    },
  };

  const run = start();

  function start(): Run {
    try {
      const started = options.runner.start(spec, context);
      deadline = createDeadline(clock, timeoutMs, () => stop('timeout'));
      return started;
    } catch (error) {
      const message = `The command could not be started: ${errorMessage(error)}`;
      return failedRun({ kind: 'failed', error: { code: 'program_failed', message } });
    }
  }

  function measureChanges(limitMs?: number) {
    return meter.measure(stopReason ? INTERRUPTED_METER_MS : limitMs);
  }

  async function finish(): Promise<FinishedCommand> {
    const status = await run.exited;
    hasExited = true;
    cancelEscalation?.();
    deadline?.cancel();
    approvals.cancel();
    batcher.flush();
    turnBatcher.flush();
    const measured = await measureChanges();
    meter.discard();
    const result = toCommandResult(status, stopReason, timeoutMs);
    return {
      result: { ...result, report: { ...report, ...measured.report } },
      changes: measured.files,
    };
  }

  /** Stops the command and escalates until it exits. Only the first call has an effect. */
  function stop(reason: StopReason): void {
    // `hasExited` follows the exit only in a later microtask.
    const isRunning = Bun.peek.status(run.exited) === 'pending';
    if (stopReason || !isRunning || !run.stop('interrupt')) return;
    stopReason = reason;
    deadline?.cancel();
    approvals.cancel();
    escalate('terminate', 'kill');
  }

  function escalate(level: StopLevel, ...later: StopLevel[]): void {
    cancelEscalation = clock.after(ESCALATION_MS, () => {
      run.stop(level);
      const [next, ...rest] = later;
      if (next) escalate(next, ...rest);
    });
  }

  return {
    /** Resolves, never rejects, when the program has exited and all its output has been delivered. */
    finished: finish(),
    run,
    stop,
    /** Delivers the report again if there is one. */
    resendReport: () => report && options.onReport(report),
    /** The process status for the heartbeat; undefined if there is no process. */
    processStatus: () =>
      pid === null
        ? undefined
        : { commandId: spec.commandId, pid, alive: isAlive(pid), lastOutputAt },
  };
}

function failedRun(status: ExitStatus): Run {
  return {
    exited: Promise.resolve(status),
    stop: () => false,
    pause: () => undefined,
    resume: () => undefined,
  };
}
