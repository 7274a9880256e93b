// One prompt and all that the program does for it: its text, its questions, its commands, its end, and its interrupt.
import {
  type RequestPermissionRequest,
  type RequestPermissionResponse,
  RequestError,
  type SessionUpdate,
  type StopReason,
  type UsageUpdate,
} from '@agentclientprotocol/sdk';
import type { Clock } from '../../protocol/clock.ts';
import { ESCALATION_MS, SHELL_LINGER_MS } from '../../protocol/limits.ts';
import { acpErrorMessage, isAuthRequired } from './error.ts';
import { sanitizeOutput } from './text/sanitize.ts';
import type { AcpProcess } from './process.ts';
import type { AcpProgram } from './programs.ts';
import { createApprovalRequest } from './permission.ts';
import type { AcpSession } from './session.ts';
import { createTerminals, type TerminalsOptions } from './terminals.ts';
import { createTranscript } from './text/transcript.ts';
import { type FolderSnapshot, takeSnapshot } from './folder-snapshot.ts';
import { exitCodeForSignal } from '../result.ts';
import { signalProcesses } from '../process/table.ts';
import { turnUsage } from './usage.ts';
import type { RunContext, CommandSpec, Run, ExitStatus, StopLevel } from '../runner.ts';

const SIGNALS = { tell: 'SIGTERM', end: 'SIGKILL' } as const;
const KILL_ROUND_MS = 10;
const LAST_LINES = 8;
/** Who has interrupted does not wait for a count. */
const STOPPED_LOOK_MS = 500;
/** A name of a conversation in a message is no longer. */
const MAX_ID = 256;
/** As a shell tells of a program that was interrupted. */
const INTERRUPTED = { kind: 'exited', exitCode: exitCodeForSignal('SIGINT') } as const;

export interface TurnOptions {
  job: CommandSpec;
  host: RunContext;
  clock: Clock;
  acp: AcpProgram;
  /** Whose changes are measured. */
  folder: string;
  terminals: Omit<TerminalsOptions, 'output' | 'clock'>;
  /** The conversation, once it is open; rejects with words for people. */
  session: Promise<AcpSession>;
  /** The program is not logged in after all. */
  loggedOut(): void;
}

export type Turn = ReturnType<typeof startTurn>;

export function startTurn(options: TurnOptions) {
  const { job, host, clock, acp } = options;
  const { title } = acp;
  const text = createTranscript(clock.now);
  const { promise: stopping, resolve: stopWaiting } = Promise.withResolvers<null>();
  const terminals = createTerminals({
    ...options.terminals,
    clock,
    output: (id, lines) => show(text.output(id, lines)),
  });
  let live: AcpSession | null = null;
  let sent: string | null = null;
  let isStopped = false;
  let isOver = false;
  let cancelSignal: (() => void) | null = null;
  let usage: UsageUpdate | null = null;
  let hasFailed = false;

  const show = (more: string) => host.output('stdout', more);

  async function go(): Promise<ExitStatus> {
    const snapshotting = takeSnapshot(options.folder, options.terminals.scratch);
    try {
      return await take(snapshotting);
    } finally {
      void snapshotting.then((snapshot) => snapshot?.discard());
    }
  }

  async function take(snapshotting: Promise<FolderSnapshot | null>): Promise<ExitStatus> {
    const opened = await Promise.race([options.session, stopping]).catch((error: unknown) => error);
    if (opened === null) return INTERRUPTED;
    if (!isLive(opened)) return failed(acpErrorMessage(opened));
    const { program } = opened;
    live = opened;
    host.process(program.pid);
    if (opened.hasLost) show(text.note('The earlier conversation could not be continued.'));
    const conversationId = opened.sessionId.slice(0, MAX_ID);
    if (conversationId !== '') host.report({ conversationId });
    const snapshot = await Promise.race([snapshotting, stopping]);
    if (isStopped) return INTERRUPTED;
    const before = new Set(program.family());
    const { spent } = opened;
    const end = await prompt(opened);
    await terminals.close();
    if (isStopped) await sweep(program, before);
    isOver = true;
    const changes = await snapshot?.changes(isStopped ? STOPPED_LOOK_MS : undefined);
    const took = usage && turnUsage(usage, spent);
    const report = {
      ...(took && { usage: took }),
      ...(changes && { changes }),
    };
    host.report(report);
    show(text.end(report));
    return end;
  }

  async function prompt({ program, sessionId }: AcpSession): Promise<ExitStatus> {
    try {
      const { stopReason } = await program.agent.request('session/prompt', {
        sessionId,
        prompt: [{ type: 'text', text: job.command }],
      });
      return endOf(stopReason);
    } catch (error) {
      if (isAuthRequired(error)) options.loggedOut();
      if (error instanceof RequestError && program.isAlive())
        return refused(acpErrorMessage(error));
      // It has ended, or says nothing that can be understood: either way it is of no use any more.
      await program.close();
      return crashed(program, await program.ended);
    }
  }

  function crashed(program: AcpProcess, how: string): ExitStatus {
    if (isStopped) return how.startsWith('SIG') ? { kind: 'signalled', signal: how } : INTERRUPTED;
    const words = sanitizeOutput(program.lastWords()).trim().split('\n').slice(-LAST_LINES);
    host.output('stderr', `${words.join('\n')}\n`.replace(/^\n$/, ''));
    return failed(`${title} ended unexpectedly (${how}). The next command starts it again.`);
  }

  function endOf(stopReason: StopReason): ExitStatus {
    switch (stopReason) {
      case 'end_turn':
        if (isStopped) return INTERRUPTED;
        if (hasFailed) return refused(`${title} could not finish: its last words say why.`);
        return { kind: 'exited', exitCode: 0 };
      case 'cancelled':
        return isStopped ? INTERRUPTED : refused(`${title} has cancelled its answer.`);
      case 'refusal':
        return refused('The model has refused to answer.');
      case 'max_tokens':
        return refused('The answer was cut: it has reached the most tokens the model may write.');
      case 'max_turn_requests':
        return refused('The answer was cut: it has reached the most requests for one turn.');
      default:
        stopReason satisfies never;
        return refused(`${title} has ended its turn for a reason unknown here.`);
    }
  }

  /** After an interrupt nothing may be left of what the turn has started; the program itself stays. */
  async function sweep(program: AcpProcess, before: ReadonlySet<number>): Promise<void> {
    const left = () => program.family().filter((pid) => !before.has(pid) && pid !== program.pid);
    const until = clock.now() + SHELL_LINGER_MS;
    for (let round = 0; round < SHELL_LINGER_MS / KILL_ROUND_MS; round += 1) {
      const pids = left();
      if (pids.length === 0) return;
      if (clock.now() >= until) signalProcesses(pids, 'SIGKILL');
      await new Promise<void>((resolve) => void clock.after(KILL_ROUND_MS, resolve));
    }
    signalProcesses(left(), 'SIGKILL');
  }

  function stop(step: StopLevel): boolean {
    if (isOver) return false;
    isStopped = true;
    stopWaiting(null);
    // What was held back must be read: the program's last answer is behind it.
    live?.program.resume();
    terminals.stop(step);
    if (step !== 'ask') signal(SIGNALS[step]);
    if (step !== 'ask' || !live) return true;
    void live.program.agent.notify('session/cancel', { sessionId: live.sessionId });
    cancelSignal = clock.after(ESCALATION_MS / 2, () => signal('SIGINT'));
    return true;
  }

  function signal(name: NodeJS.Signals): void {
    sent = name;
    live?.program.signal(name);
  }

  const run: Run = {
    ended: go().then((end) => {
      isOver = true;
      cancelSignal?.();
      return end.kind === 'exited' && sent ? { ...end, signal: sent } : end;
    }),
    stop,
    pause: () => {
      if (!isStopped) live?.program.pause();
    },
    resume: () => live?.program.resume(),
  };

  return {
    run,
    terminals,

    update(news: SessionUpdate): void {
      if (!live) return;
      if (news.sessionUpdate === 'usage_update') usage = news;
      hasFailed ||= acp.tellsFailure?.(news) ?? false;
      show(text.update(news));
    },

    /** Puts a question of the program's to people. */
    async ask(
      { toolCall, options: offered }: RequestPermissionRequest,
      requestId: unknown,
    ): Promise<RequestPermissionResponse> {
      if (offered.length === 0 || !live) return { outcome: { outcome: 'cancelled' } };
      const { toolCallId } = toolCall;
      const { question, option } = createApprovalRequest(text.tool(toolCall), offered);
      show(text.asked(toolCallId));
      const answer = await host.ask(question);
      const chosen = answer.outcome === 'selected' ? option(answer.optionId) : null;
      show(text.answered(toolCallId, chosen));
      live.program.onceAnswered(requestId, answer.applied);
      if (!chosen) return { outcome: { outcome: 'cancelled' } };
      return { outcome: { outcome: 'selected', optionId: chosen.optionId } };
    },
  };
}

function isLive(opened: unknown): opened is AcpSession {
  return typeof opened === 'object' && opened !== null && 'sessionId' in opened;
}

/** It has not run as it should: neither an exit code nor a signal tells of it. */
function failed(message: string): ExitStatus {
  return { kind: 'failed', error: { code: 'program_failed', message } };
}

/** It has run, and was not of use. */
function refused(message: string): ExitStatus {
  return { kind: 'exited', exitCode: 1, error: { code: 'program_failed', message } };
}
