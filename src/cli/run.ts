// `signalbox run`: send a command, show its output, end as it ends.
import { type Command as Program, Command, InvalidArgumentError, Option } from 'commander';
import { duration } from '../config.ts';
import type { Priority } from '../protocol/command-status.ts';
import type { CommandStatusUpdate } from '../protocol/hub-to-dashboard.ts';
import { type ClientFlags, createClient, withClientOptions } from './client.ts';
import { compare } from './compare.ts';
import { showJson, showPlain } from './output.ts';
import { watch } from './watch.ts';

interface RunFlags extends ClientFlags {
  agent: string[];
  priority: Priority;
  timeout?: number;
  new: boolean;
}

const MOST_AGENTS = 10;
/** Exit codes as shells know them. */
const INTERRUPTED = 130;
const TIMED_OUT = 124;

export function runCommand(): Program {
  return withClientOptions(new Command('run'))
    .description('Send a command to an agent, stream its output, exit with its exit code.')
    .addOption(
      new Option('--agent <ids>', 'the agent, or several with commas between, to compare them')
        .argParser(agentIds)
        .makeOptionMandatory(),
    )
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
Several agents get the command at once, or none of them; what each took and changed is shown in the end, and the exit
code is 0 where all have completed.

Examples:
  signalbox run --agent build-1 '!make test'
  signalbox run --agent build-1 --priority high --timeout 1h 'Fix the failing test'
  signalbox run --agent claude,gemini,codex --new 'Fix the failing test'`,
    )
    .action(async (words: string[], flags: RunFlags) => {
      const client = createClient(flags);
      const [agentId = '', ...others] = flags.agent;
      const body = {
        command: words.join(' '),
        priority: flags.priority,
        session: flags.new ? 'new' : 'continue',
        ...(flags.timeout !== undefined && { timeoutMs: flags.timeout }),
      } as const;
      if (others.length > 0) {
        const asked = { ...body, agentIds: flags.agent };
        const isGood = await compare({ client, json: flags.json, body: asked });
        process.exitCode = isGood ? 0 : 1;
        return;
      }
      const requestId = Bun.randomUUIDv7();
      const watching = watch({
        client,
        show: flags.json ? showJson : showPlain,
        begin: (follower) =>
          follower.send({ type: 'command:request', agentId, requestId, ...body }),
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

/** Names with commas between, each once. */
function agentIds(text: string): string[] {
  const ids = new Set(text.split(',').map((id) => id.trim()));
  ids.delete('');
  if (ids.size === 0) throw new InvalidArgumentError('Name an agent.');
  if (ids.size > MOST_AGENTS) throw new InvalidArgumentError('At most 10 can be compared.');
  return [...ids];
}

function exitCodeOf({ status, exitCode, error }: CommandStatusUpdate): number {
  if (status === 'interrupted') return INTERRUPTED;
  if (error?.code === 'timeout') return TIMED_OUT;
  if (status === 'completed') return exitCode ?? 0;
  return exitCode || 1;
}
