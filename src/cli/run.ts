// `signalbox run`: send a command, show its output, end as it ends.
import { type Command as Program, Command, Option } from 'commander';
import { duration } from '../config.ts';
import type { Priority } from '../protocol/command-status.ts';
import type { CommandStatusUpdate } from '../protocol/hub-to-dashboard.ts';
import { type ClientFlags, createClient, withClientOptions } from './client.ts';
import { watch } from './watch.ts';

interface RunFlags extends ClientFlags {
  agent: string;
  priority: Priority;
  timeout?: number;
  new: boolean;
}

/** Exit codes as shells know them. */
const INTERRUPTED = 130;
const TIMED_OUT = 124;

export function runCommand(): Program {
  return withClientOptions(new Command('run'))
    .description('Send a command to an agent, stream its output, exit with its exit code.')
    .requiredOption('--agent <id>', 'the agent')
    .addOption(
      new Option('--priority <priority>', 'its place in the queue')
        .choices(['high', 'normal', 'low'])
        .default('normal'),
    )
    .addOption(new Option('--timeout <time>', 'how long it may run').argParser(duration))
    .option('--new', 'begin a new conversation', false)
    .argument('<command...>', 'a prompt, or a shell command that begins with "!"')
    .addHelpText(
      'after',
      `
Ctrl-C interrupts the command; a second one leaves it to itself.
Exits with the command's exit code; ${INTERRUPTED} when interrupted, ${TIMED_OUT} on a time-out.

Examples:
  signalbox run --agent build-1 '!make test'
  signalbox run --agent build-1 --priority high --timeout 1h 'Fix the failing test'`,
    )
    .action(async (words: string[], flags: RunFlags) => {
      const requestId = Bun.randomUUIDv7();
      const watching = watch({
        client: createClient(flags),
        json: flags.json,
        begin: (follower) =>
          follower.send({
            type: 'command:request',
            agentId: flags.agent,
            command: words.join(' '),
            priority: flags.priority,
            session: flags.new ? 'new' : 'continue',
            requestId,
            ...(flags.timeout !== undefined && { timeoutMs: flags.timeout }),
          }),
      });
      process.once('SIGINT', () => {
        watching.interrupt();
        process.once('SIGINT', () => process.exit(INTERRUPTED));
      });
      const last = await watching.ended;
      if (last.error && !flags.json) process.stderr.write(`${last.error.message}\n`);
      process.exitCode = exitCodeOf(last);
    });
}

function exitCodeOf({ status, exitCode, error }: CommandStatusUpdate): number {
  if (status === 'interrupted') return INTERRUPTED;
  if (error?.code === 'timeout') return TIMED_OUT;
  if (status === 'completed') return exitCode ?? 0;
  return exitCode || 1;
}
