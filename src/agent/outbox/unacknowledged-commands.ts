// All commands whose result the hub has not acknowledged: the running one, finished ones, and those restored from the
// journal (docs/protocol.md, "Reconnect").
import type { HeldCommand } from '../../protocol/agent-to-hub.ts';
import type { AgentWelcome } from '../../protocol/hub-to-agent.ts';
import type { Send } from '../hub-connection.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournaledCommand } from '../journal/reader.ts';
import { killLeftovers } from '../process/tree.ts';
import { type CommandResult, failedResult } from '../result.ts';
import {
  createUnacknowledgedCommand,
  type UnacknowledgedCommand,
} from './unacknowledged-command.ts';

const CRASHED = {
  code: 'agent_crashed',
  message: 'The agent crashed while the command was running.',
} as const;

export interface UnacknowledgedCommandsOptions {
  journal: Journal;
  send: Send;
  isConnected(): boolean;
  log: (line: string) => void;
}

/** Restores the commands in the journal. Kills those that a crashed agent left running and records them as failed. */
export function restoreUnacknowledgedCommands(options: UnacknowledgedCommandsOptions) {
  const { journal, send, isConnected, log } = options;
  const commands = new Map<string, UnacknowledgedCommand>();
  let hubCanWrite = true;
  /** The message types that the hub accepts beyond those that every hub accepts. */
  let accepted: readonly string[] = [];
  let onSettled: (() => void) | null = null;

  function add(
    commandId: string,
    attempt: number,
    restored?: Pick<JournaledCommand, 'output' | 'changes'> & { result: CommandResult },
  ): UnacknowledgedCommand {
    const command = createUnacknowledgedCommand({
      commandId,
      attempt,
      journal,
      send,
      isConnected,
      canAcknowledge: () => hubCanWrite,
      accepts: (type) => accepted.includes(type),
      ...(restored && { restored }),
    });
    commands.set(commandId, command);
    return command;
  }

  function endCrashed({ commandId, process }: JournaledCommand): CommandResult {
    const pids = killLeftovers(commandId, process);
    if (pids.length > 0) {
      log(`killed processes that command ${commandId} left after a crash: ${pids.join(', ')}`);
    }
    const result = failedResult(CRASHED);
    journal.finish(commandId, result);
    return result;
  }

  for (const left of journal.restored) {
    const { commandId, attempt, output, changes } = left;
    add(commandId, attempt, { output, changes, result: left.result ?? endCrashed(left) });
  }

  function settleIfDone(): void {
    if (commands.size === 0 || !isConnected()) onSettled?.();
  }

  return {
    get: (commandId: string) => commands.get(commandId),
    summaries: (): HeldCommand[] => [...commands.values()].map((command) => command.summary()),

    /**
     * Records the start of an attempt in the journal.
     * @throws if the journal cannot be written
     */
    begin(commandId: string, attempt: number): UnacknowledgedCommand {
      journal.begin(commandId, attempt);
      return add(commandId, attempt);
    },

    /** The hub has committed the result. Ignored if the command is still running. */
    acknowledge(commandId: string): void {
      if (!commands.get(commandId)?.hasFinished()) return;
      commands.delete(commandId);
      journal.forget(commandId);
      settleIfDone();
    },

    /** Resumes each command at the position in the welcome. Results are resent. */
    resume({ resume, accept = [] }: AgentWelcome): void {
      hubCanWrite = true;
      accepted = accept;
      const positions = new Map(resume.map((one) => [one.commandId, one]));
      for (const [commandId, command] of commands) {
        const position = positions.get(commandId);
        command.resumeFrom(position?.nextSequence ?? null, position?.nextTurnSequence ?? null);
      }
    },

    /** Sends as much as the hub can take now. */
    flush(): void {
      for (const command of commands.values()) command.flush();
    },

    /** While the hub cannot write, it acknowledges nothing, and output is sent without a limit. */
    setHubCanWrite(canWrite: boolean): void {
      hubCanWrite = canWrite;
    },

    /** Whether a full outbox will drain: the hub is connected and can write. */
    canDrain: (): boolean => isConnected() && hubCanWrite,

    onDisconnect: settleIfDone,

    /** Resolves when the hub has acknowledged every result, or the connection is lost. */
    settled(): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      onSettled = resolve;
      settleIfDone();
      return promise;
    },
  };
}
