// One command under way: its time-out, its escalation, its output on the way to the outbox. Knows nothing of the hub.
import type { Clock } from '../protocol/clock.ts';
import type { OutputStream } from '../protocol/entities.ts';
import { ESCALATION_MS } from '../protocol/limits.ts';
import type { CommandReport } from '../protocol/report.ts';
import type { Approvals } from './approvals.ts';
import { createDeadline, type Deadline } from './deadline.ts';
import { createOutputBatcher } from './output-batcher.ts';
import { isAlive } from './process/table.ts';
import { type CommandResult, toCommandResult, type StopReason } from './result.ts';
import type { RunContext, CommandSpec, Run, ExitStatus, Runner, StopLevel } from './runner.ts';

export interface StartCommandOptions {
  job: CommandSpec;
  runner: Runner;
  /** How long it may run, in milliseconds, without the time it waits for answers. */
  timeoutMs: number;
  clock: Clock;
  approvals: Approvals;
  /** Takes gathered output, at most 10 KB each. */
  output(stream: OutputStream, text: string): void;
  /** Takes the process, to be journaled before this returns. */
  process(pid: number): void;
  /** Takes all that is known of the turn, whenever there is more. */
  report(report: CommandReport): void;
}

export type RunningCommand = ReturnType<typeof startCommand>;

/** Starts a command. One that cannot start fails at once. */
export function startCommand(options: StartCommandOptions) {
  const { job, clock, approvals, timeoutMs } = options;
  const batcher = createOutputBatcher(clock, options.output);
  let pid: number | null = null;
  let lastOutputAt: number | null = null;
  let report: CommandReport | null = null;
  let stopped: StopReason = null;
  let isOver = false;
  let cancelStep: (() => void) | null = null;
  let deadline: Deadline | null = null;

  const host: RunContext = {
    output(stream, text) {
      if (text !== '') lastOutputAt = clock.now();
      batcher.add(stream, text);
    },
    process(number) {
      pid = number;
      options.process(number);
    },
    report(news) {
      report = { ...report, ...news };
      if (!isOver) options.report(report);
    },
    async ask(question) {
      if (stopped || isOver) return { outcome: 'cancelled', applied: () => undefined };
      deadline?.hold();
      const answer = await approvals.ask(question);
      deadline?.release();
      return answer;
    },
  };

  const run = begin();

  function begin(): Run {
    try {
      const begun = options.runner.start(job, host);
      deadline = createDeadline(clock, timeoutMs, () => stop('timeout'));
      return begun;
    } catch (error) {
      const message = `The command could not be started: ${messageOf(error)}`;
      return failedRun({ kind: 'failed', error: { code: 'program_failed', message } });
    }
  }

  async function finish(): Promise<CommandResult> {
    const end = await run.ended;
    isOver = true;
    cancelStep?.();
    deadline?.cancel();
    approvals.cancel();
    batcher.flush();
    return { ...toCommandResult(end, stopped, timeoutMs), ...(report && { report }) };
  }

  /** Stops it, harder and harder, if it has not ended. Asking again changes nothing. */
  function stop(reason: 'user' | 'timeout'): void {
    if (stopped || isOver || !run.stop('ask')) return;
    stopped = reason;
    deadline?.cancel();
    approvals.cancel();
    escalate('tell', 'end');
  }

  function escalate(step: StopLevel, ...harder: StopLevel[]): void {
    cancelStep = clock.after(ESCALATION_MS, () => {
      run.stop(step);
      const [next, ...rest] = harder;
      if (next) escalate(next, ...rest);
    });
  }

  return {
    /** Resolves, never rejects, once it is over and all its output was handed over. */
    ended: finish(),
    stop,
    pause: () => run.pause(),
    resume: () => run.resume(),
    input: (data: string) => run.input?.(data),
    resize: (cols: number, rows: number) => run.resize?.(cols, rows),
    /** Tells again what is known of the turn, where anything is. */
    repeatReport: () => report && options.report(report),
    /** For the heartbeat; undefined where there is no process. */
    process: () =>
      pid === null
        ? undefined
        : { commandId: job.commandId, pid, alive: isAlive(pid), lastOutputAt },
  };
}

function failedRun(end: ExitStatus): Run {
  return {
    ended: Promise.resolve(end),
    stop: () => false,
    pause: () => undefined,
    resume: () => undefined,
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
