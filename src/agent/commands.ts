// Runs the hub's commands, one at a time, and handles every message about them (docs/protocol.md, "Commands", "Output",
// "Reconnect").
import type { AgentHeartbeat } from '../protocol/agent-to-hub.ts';
import { requiredCapability, validateCommand } from '../protocol/capabilities.ts';
import type { Clock } from '../protocol/clock.ts';
import type { CommandError } from '../protocol/errors.ts';
import type {
  AgentWelcome,
  ChangesRevert,
  CommandExecute,
  FilesList,
  HubToAgent,
} from '../protocol/hub-to-agent.ts';
import { NOTICE_LENGTH } from '../protocol/limits.ts';
import type { ChangeTracker } from './changes/change-tracker.ts';
import { type CurrentCommand, startCurrentCommand } from './current-command.ts';
import { errorMessage } from './error-message.ts';
import type { WorkspaceSearch } from './files/workspace-search.ts';
import type { HubConnection } from './hub-connection.ts';
import type { Journal } from './journal/journal.ts';
import type { UnacknowledgedCommand } from './outbox/unacknowledged-command.ts';
import { restoreUnacknowledgedCommands } from './outbox/unacknowledged-commands.ts';
import { failedResult, type InterruptReason } from './result.ts';
import type { Runner } from './runner.ts';
import type { RunnerSet } from './runner-set.ts';
import { truncate } from './truncate.ts';

export interface CommandsOptions {
  connection: Pick<HubConnection, 'send' | 'isConnected'>;
  journal: Journal;
  runners: RunnerSet;
  files: WorkspaceSearch;
  tracker: ChangeTracker;
  clock: Clock;
  log: (line: string) => void;
}

/** The maximum number of stored interrupts for commands that have not arrived yet. */
const MAX_EARLY_INTERRUPTS = 1_000;

/** Restores the unacknowledged commands from the journal. */
export function createCommands(options: CommandsOptions) {
  const { connection, journal, runners, files, tracker, clock, log } = options;
  const { send, isConnected } = connection;
  const unacknowledged = restoreUnacknowledgedCommands({ journal, send, isConnected, log });
  /** Commands interrupted before they arrived. */
  const earlyInterrupts = new Set<string>();
  let current: CurrentCommand | null = null;
  let isStopping = false;

  function execute(message: CommandExecute): void {
    const { commandId, attempt, command } = message;
    const ignoreReason = whyIgnored(message);
    if (ignoreReason) {
      log(`ignored attempt ${attempt} of command ${commandId}: ${ignoreReason}`);
      return unacknowledged.get(commandId)?.flush();
    }
    if (earlyInterrupts.delete(commandId)) return reportNotStarted(commandId);
    let outgoing: UnacknowledgedCommand;
    try {
      outgoing = unacknowledged.begin(commandId, attempt);
    } catch (error) {
      // Without a journal entry the command could run again after a crash.
      const cause = `the agent could not write its journal (${String(error)})`;
      const text = `The command did not run: ${cause}. Check the disk on the agent's machine.`;
      log(text);
      return reportNotStarted(commandId, { code: 'program_failed', message: text });
    }
    const problem = validateCommand(command, runners.capabilities());
    const runner = runners.find(requiredCapability(command));
    if (problem !== null || !runner) {
      const text = problem ?? 'This agent does not support this type of command.';
      return outgoing.finish(failedResult({ code: 'invalid_command', message: text }));
    }
    send({ type: 'command:started', commandId });
    start(outgoing, runner, message);
  }

  /** An attempt runs at most once, and only one command runs at a time. */
  function whyIgnored({ commandId, attempt }: CommandExecute): string | null {
    if (isStopping) return 'the agent is stopping';
    if (current) return `command ${current.commandId} is running`;
    const last = journal.lastAttempt(commandId);
    if (unacknowledged.get(commandId) || attempt <= last) return `attempt ${last} already started`;
    return null;
  }

  function start(outgoing: UnacknowledgedCommand, runner: Runner, message: CommandExecute): void {
    const { canDrain } = unacknowledged;
    const started = startCurrentCommand({
      message,
      runner,
      outgoing,
      journal,
      tracker,
      clock,
      send,
      canDrain,
    });
    current = started;
    void started.finished.then(({ result, changes }) => {
      current = null;
      outgoing.finish(result, changes);
    });
  }

  function reportNotStarted(commandId: string, error?: CommandError): void {
    send({
      type: 'command:finished',
      commandId,
      outcome: error ? 'failed' : 'interrupted',
      exitCode: null,
      lastSequence: -1,
      ...(error && { error }),
    });
  }

  function interrupt(commandId: string, reason: InterruptReason): void {
    const running = findRunning(commandId);
    if (running) return running.stop(reason);
    const finished = unacknowledged.get(commandId);
    if (finished) return finished.flush();
    // The command may not have arrived yet.
    if (earlyInterrupts.size < MAX_EARLY_INTERRUPTS) earlyInterrupts.add(commandId);
    reportNotStarted(commandId);
  }

  /** Resumes on a new connection. Stops the running command if the hub has ended it in the meantime. */
  function resume(welcome: AgentWelcome): void {
    earlyInterrupts.clear();
    unacknowledged.resume(welcome);
    for (const commandId of welcome.stop) findRunning(commandId)?.stop('ended');
    unacknowledged.flush();
    current?.resend();
    current?.applyBackpressure();
  }

  async function listFiles({ requestId, query, limit }: FilesList): Promise<void> {
    send({ type: 'files:listed', requestId, ...(await files.search(query, limit)) });
  }

  async function revert({ requestId, commandId, path }: ChangesRevert): Promise<void> {
    let error: string | undefined;
    try {
      await tracker.revert(commandId, path);
    } catch (cause) {
      error = truncate(errorMessage(cause), NOTICE_LENGTH);
    }
    send({ type: 'changes:reverted', requestId, ...(error !== undefined && { error }) });
  }

  function findRunning(commandId: string): CurrentCommand | undefined {
    return current?.commandId === commandId ? current : undefined;
  }

  function receive(message: HubToAgent): void {
    switch (message.type) {
      case 'agent:welcome':
        return resume(message);
      case 'command:execute':
        return execute(message);
      case 'command:interrupt':
        return interrupt(message.commandId, message.reason);
      case 'output:ack':
        unacknowledged.get(message.commandId)?.ack(message.nextSequence);
        return current?.applyBackpressure();
      case 'turn:ack':
        return unacknowledged.get(message.commandId)?.ackTurn(message.nextSequence);
      case 'command:acknowledged':
        return unacknowledged.acknowledge(message.commandId);
      case 'hub:storage':
        unacknowledged.setHubCanWrite(!message.failing);
        unacknowledged.flush();
        return current?.applyBackpressure();
      case 'approval:resolved':
        return current?.approvals.respond(message);
      case 'changes:revert':
        return void revert(message);
      case 'command:input':
        return findRunning(message.commandId)?.run.writeInput?.(message.data);
      case 'terminal:resize':
        return findRunning(message.commandId)?.run.resize?.(message.cols, message.rows);
      case 'files:list':
        return void listFiles(message);
      case 'error':
        return log(`error from the hub: ${message.code}: ${message.message}`);
      default:
        message satisfies never;
    }
  }

  return {
    receive,
    summaries: unacknowledged.summaries,
    settled: unacknowledged.settled,
    processStatus: (): AgentHeartbeat['process'] => current?.processStatus(),

    onDisconnect(): void {
      unacknowledged.onDisconnect();
      current?.applyBackpressure();
    },

    /** Accepts no more commands and stops the running one. Resolves when its result is in the journal. */
    async stop(): Promise<void> {
      isStopping = true;
      current?.stop('user');
      await current?.finished;
    },
  };
}
