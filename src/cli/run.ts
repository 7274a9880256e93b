// `signalbox run`: sends a command, streams its output, and exits with its exit code.
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration, priorities } from '../config.ts';
import type { ComparisonBody } from '../protocol/api.ts';
import { validateCommand } from '../protocol/capabilities.ts';
import type { Priority } from '../protocol/command-status.ts';
import type { CommandStatusUpdate } from '../protocol/hub-to-dashboard.ts';
import { createApiClient } from './api-client.ts';
import { CliError, HubRejection } from './cli-error.ts';
import { type ClientFlags, withClientOptions } from './client-options.ts';
import { ExitCode } from './exit-codes.ts';
import { followCommand } from './follow-command.ts';
import { createPlainWriter, writeJson } from './output-writer.ts';
import { writeError } from './output.ts';
import { handleInterrupt } from './signals.ts';

interface RunFlags extends ClientFlags {
  agent: string[];
  priority: Priority;
  timeout?: number;
  queue: boolean;
  new: boolean;
}

const MAX_COMPARED_AGENTS = 10;

export function runCommand(): Command {
  return withClientOptions(new Command('run'))
    .description('Send a command to an agent and stream its output')
    .addOption(
      new Option('--agent <ids>', 'Agent ID, or several separated by commas to compare them')
        .argParser(parseAgentIds)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--priority <priority>', 'Queue priority').choices(priorities).default('normal'),
    )
    .addOption(
      new Option('--timeout <duration>', 'Command timeout')
        .default(undefined, 'set by the hub')
        .argParser(parseDuration),
    )
    .option('--queue', 'If the agent is offline, queue the command until it connects', false)
    .option('--new', 'Start a new conversation', false)
    .argument('<command...>', 'Prompt, or shell command prefixed with "!"')
    .addHelpText(
      'after',
      `
Press Ctrl-C to interrupt the command. Press it again to exit without waiting.

Exits with the exit code of the command, or with
  ${ExitCode.timeout}  if the command timed out
  ${ExitCode.runFailure}  if Signalbox could not run it, or lost it
  ${ExitCode.interrupted}  if it was interrupted

The ID of the command is printed to stderr, for logs and interrupt.

With several agents, the command is sent to all of them, or to none if any of
them cannot accept it. A table at the end compares the results. The exit code is
0 if all agents completed the command, and 1 otherwise.

Examples:
  signalbox run --agent build-1 '!make test'
  signalbox run --agent build-1 --priority high --timeout 1h 'Fix the failing test'
  signalbox run --agent claude,gemini,codex --new 'Fix the failing test'`,
    )
    .action(async (words: string[], flags: RunFlags) => {
      const body = {
        command: words.join(' '),
        priority: flags.priority,
        session: flags.new ? 'new' : 'continue',
        ifOffline: flags.queue ? 'queue' : 'refuse',
        ...(flags.timeout !== undefined && { timeoutMs: flags.timeout }),
      } as const;
      const problem = validateCommand(body.command, null);
      if (problem !== null) throw new CliError(problem);
      try {
        process.exitCode = await runOnAgents(flags, body);
      } catch (error) {
        throw error instanceof HubRejection && error.code === 'agent_offline'
          ? new CliError(
              `${error.message} Use --queue to queue the command until the agent connects.`,
            )
          : error;
      }
    });
}

/** Sends the command to the agents, and returns the exit code. */
async function runOnAgents(
  { hub, agent, json }: RunFlags,
  body: Omit<ComparisonBody, 'agentIds'> & { priority: Priority },
): Promise<number> {
  const client = createApiClient(hub);
  const [agentId = '', ...others] = agent;
  if (others.length > 0) {
    const { runComparison } = await import('./comparison.ts');
    const allCompleted = await runComparison({ client, json, body: { ...body, agentIds: agent } });
    return allCompleted ? 0 : ExitCode.failure;
  }
  const requestId = Bun.randomUUIDv7();
  const followed = followCommand({
    client,
    command: { type: 'command:request', agentId, requestId, ...body },
    write: json ? writeJson : createPlainWriter(),
  });
  handleInterrupt(followed.interrupt);
  const status = await followed.finished;
  if (status.error && !json) writeError(`${status.error.message}\n`);
  return exitCodeOf(status);
}

function parseAgentIds(text: string): string[] {
  const ids = new Set(text.split(',').map((id) => id.trim()));
  ids.delete('');
  if (ids.size === 0) throw new InvalidArgumentError('Expected at least one agent ID.');
  if (ids.size > MAX_COMPARED_AGENTS) {
    throw new InvalidArgumentError(`Expected at most ${MAX_COMPARED_AGENTS} agent IDs.`);
  }
  return [...ids];
}

function exitCodeOf({ status, exitCode, error }: CommandStatusUpdate): number {
  if (status === 'completed') return 0;
  if (status === 'interrupted') return ExitCode.interrupted;
  if (error?.code === 'timeout') return ExitCode.timeout;
  if (exitCode) return exitCode;
  const isOwn = error === undefined || error.code === 'program_failed';
  return isOwn ? ExitCode.failure : ExitCode.runFailure;
}
