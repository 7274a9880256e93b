// The commands of this agent: the one that runs, and those that ended and are not acknowledged. It answers everything
// the hub says about them (protocol.md, "Commands", "Output", "Reconnect").
import type { AgentHeartbeat } from '../protocol/agent-to-hub.ts';
import { requiredCapability, validateCommand } from '../protocol/capabilities.ts';
import type { Clock } from '../protocol/clock.ts';
import type { CommandError } from '../protocol/errors.ts';
import type { AgentWelcome, CommandExecute, HubToAgent } from '../protocol/hub-to-agent.ts';
import { type Approvals, createApprovals } from './approvals.ts';
import { type RunningCommand, startCommand } from './running-command.ts';
import { createHeldCommand, type HeldCommand, type HeldCommandOptions } from './held-command.ts';
import type { Journal } from './journal/journal.ts';
import type { Send } from './hub-connection.ts';
import { endOrphan } from './journal/orphans.ts';
import { startTimeOf } from './process/table.ts';
import type { CommandResult } from './result.ts';
import type { Runner } from './runner.ts';

export interface CommandsOptions {
  journal: Journal;
  runners: readonly Runner[];
  clock: Clock;
  log: (line: string) => void;
  send: Send;
  isUp(): boolean;
  /** A command is over, or the hub has taken note of one. */
  changed(): void;
}

interface Running {
  command: HeldCommand;
  execution: RunningCommand;
  approvals: Approvals;
}

/** Interrupted before they came, so many at most. */
const MAX_CANCELLED = 1000;

/** Takes up what the journal has: what was running is ended, and reported as crashed. */
export function createCommands(options: CommandsOptions) {
  const { journal, runners, clock, log, send } = options;
  const held = new Map<string, HeldCommand>();
  const cancelled = new Set<string>();
  let running: Running | null = null;
  let isClosing = false;
  let hubWrites = true;

  function hold(what: Pick<HeldCommandOptions, 'commandId' | 'attempt' | 'left'>): HeldCommand {
    const { isUp } = options;
    return createHeldCommand({ ...what, journal, send, isUp, acknowledges: () => hubWrites });
  }

  for (const left of journal.left) {
    const { commandId, attempt, output } = left;
    const result = left.result ?? endOrphan(left, log);
    if (!left.result) journal.finish(commandId, result);
    held.set(commandId, hold({ commandId, attempt, left: { output, result } }));
  }

  const capabilities = () => [...new Set(runners.flatMap((runner) => runner.capabilities()))];

  function execute(message: CommandExecute): void {
    const { commandId, attempt } = message;
    const refusal = whyNotBegun(message);
    if (refusal) {
      log(`command ${commandId}, attempt ${attempt}, is not run: ${refusal}`);
      return held.get(commandId)?.pump();
    }
    if (cancelled.delete(commandId)) return reportNothingStarted(commandId);
    const command = hold({ commandId, attempt });
    const flaw = validateCommand(message.command, capabilities());
    const needed = requiredCapability(message.command);
    const runner = runners.find((one) => one.capabilities().includes(needed));
    try {
      journal.begin(commandId, attempt);
    } catch (error) {
      // Unwritten, it may not run: a crash could run it again.
      const text = `The agent's journal cannot be written: ${String(error)}`;
      log(text);
      return reportNothingStarted(commandId, { code: 'program_failed', message: text });
    }
    held.set(commandId, command);
    if (flaw !== null || !runner) {
      const error = { code: 'invalid_command', message: flaw ?? 'Nothing runs this.' } as const;
      return finish(command, { outcome: 'failed', exitCode: null, error });
    }
    send({ type: 'command:started', commandId });
    start(command, runner, message);
  }

  /** An attempt is run at most once, and nothing is run beside another. */
  function whyNotBegun({ commandId, attempt }: CommandExecute): string | null {
    if (isClosing) return 'the agent is stopping';
    if (running) return `${running.command.commandId} is running`;
    const last = journal.lastAttempt(commandId);
    if (held.has(commandId) || attempt <= last) return `attempt ${last} of it was begun already`;
    return null;
  }

  function start(command: HeldCommand, runner: Runner, message: CommandExecute): void {
    const { commandId } = command;
    const approvals = createApprovals(commandId, send);
    const execution = startCommand({
      job: { commandId, command: message.command, session: message.session },
      runner,
      timeoutMs: message.timeoutMs,
      clock,
      approvals,
      output(stream, text) {
        command.output(stream, text);
        command.pump();
        holdBack();
      },
      process(pid) {
        const started = startTimeOf(pid);
        if (started) journal.process(commandId, { pid, start: started });
      },
      report: (report) => void send({ type: 'command:report', commandId, ...report }),
    });
    running = { command, execution, approvals };
    void execution.ended.then((result) => {
      running = null;
      finish(command, result);
    });
  }

  function finish(command: HeldCommand, result: CommandResult): void {
    command.finish(result);
    command.pump();
    options.changed();
  }

  /** While the hub is only behind, the program waits; while it is away, or cannot write, the oldest output goes. */
  function holdBack(): void {
    if (!running) return;
    const { command, execution } = running;
    const isWorthWaiting = options.isUp() && hubWrites;
    if (isWorthWaiting && command.isFull()) return execution.pause();
    if (!isWorthWaiting || command.hasRoom()) execution.resume();
  }

  /** The hub can write no longer, or again: without, nothing is acknowledged, and nothing waits for it. */
  function storage(failing: boolean): void {
    hubWrites = !failing;
    for (const command of held.values()) command.pump();
    holdBack();
  }

  function forget(commandId: string): void {
    if (!held.delete(commandId)) return;
    journal.forget(commandId);
    options.changed();
  }

  function reportNothingStarted(commandId: string, error?: CommandError): void {
    send({
      type: 'command:finished',
      commandId,
      outcome: error ? 'failed' : 'interrupted',
      exitCode: null,
      lastSequence: -1,
      ...(error && { error }),
    });
  }

  function interrupt(commandId: string, reason: 'user' | 'timeout'): void {
    if (running?.command.commandId === commandId) return running.execution.stop(reason);
    const command = held.get(commandId);
    if (command) return command.pump();
    // It may still be on its way here.
    if (cancelled.size < MAX_CANCELLED) cancelled.add(commandId);
    reportNothingStarted(commandId);
  }

  /** A new connection: output goes on from where the hub is, and what it has ended is ended here. */
  function welcome({ resume, stop }: AgentWelcome): void {
    cancelled.clear();
    hubWrites = true;
    const positions = new Map(resume.map((one) => [one.commandId, one.nextSequence]));
    for (const command of held.values()) {
      const { commandId } = command;
      command.resumeFrom(positions.get(commandId) ?? null);
      if (stop.includes(commandId) && running?.command === command) running.execution.stop('user');
      command.pump();
    }
    running?.approvals.repeat();
    running?.execution.repeatReport();
    holdBack();
  }

  function receive(message: HubToAgent): void {
    switch (message.type) {
      case 'agent:welcome':
        return welcome(message);
      case 'command:execute':
        return execute(message);
      case 'command:interrupt':
        return interrupt(message.commandId, message.reason);
      case 'output:ack': {
        const command = held.get(message.commandId);
        command?.ack(message.nextSequence);
        command?.pump();
        return holdBack();
      }
      case 'command:acknowledged':
        if (held.get(message.commandId)?.hasEnded()) forget(message.commandId);
        return;
      case 'hub:storage':
        return storage(message.failing);
      case 'approval:resolved':
        return running?.approvals.resolved(message);
      case 'command:input':
        if (running?.command.commandId === message.commandId) running.execution.input(message.data);
        return;
      case 'terminal:resize':
        if (running?.command.commandId !== message.commandId) return;
        return running.execution.resize(message.cols, message.rows);
      case 'error':
        return log(`the hub says ${message.code}: ${message.message}`);
      default:
        message satisfies never;
    }
  }

  return {
    capabilities,
    receive,
    held: () => [...held.values()].map((command) => command.summary()),
    /** Whether the hub has acknowledged everything. */
    isQuiet: () => held.size === 0,
    process: (): AgentHeartbeat['process'] => running?.execution.process(),
    /** The hub is gone: nothing may wait for it. */
    away: holdBack,
    /** Takes nothing new and ends what runs. Resolves when it has ended and is in the journal. */
    async stop(): Promise<void> {
      isClosing = true;
      const last = running;
      if (!last) return;
      last.execution.stop('user');
      await last.execution.ended;
    },
  };
}
