// Runs commands that begin with "!" through the shell. bash where there is one, sh otherwise: not $SHELL, which may be
// fish or nologin. People and AI CLIs write bash, and a command should mean the same whoever started the agent.
import type { Clock } from '../../protocol/clock.ts';
import { ESCALATION_MS, SHELL_LINGER_MS } from '../../protocol/limits.ts';
import { childEnvironment } from '../process/environment.ts';
import {
  findProcessTree,
  findProcessesWithOpenFile,
  isAlive,
  signalProcesses,
  signalProcessTree,
} from '../process/table.ts';
import type { RunContext, CommandSpec, Run, ExitStatus, Runner, StopLevel } from '../runner.ts';
import { openShellTerminal } from './terminal.ts';

/** After SIGKILL: it belongs to another user (sudo), or hangs in the kernel. */
const UNENDING = {
  code: 'program_failed',
  message: 'The program could not be ended: snapshot for it on the machine of the agent.',
} as const;

const SIGNALS = { ask: 'SIGINT', tell: 'SIGTERM', end: 'SIGKILL' } as const;
/** Between looks at whether what was killed is gone, and how many. */
const KILL_ROUND_MS = 10;
const KILL_ROUNDS = 200;

export interface ShellRunnerOptions {
  cwd: string;
  /** One real terminal for stdin, stdout and stderr, instead of stdout and stderr apart and no input. */
  pty: boolean;
  clock: Clock;
  /** A folder for short-lived files. */
  scratch: string;
  /** The agent's environment unless told otherwise. Its own SIGNALBOX_ variables stay with the agent: there are secrets in them. */
  env?: Record<string, string | undefined>;
}

export function createShellRunner(options: ShellRunnerOptions): Runner {
  const shell = Bun.which('bash') ?? '/bin/sh';
  return {
    name: 'shell',
    version: shell,
    capabilities: () => (options.pty ? ['shell', 'pty'] : ['shell']),
    start: (job, host) => startShell(shell, options, job, host),
  };
}

function startShell(
  shell: string,
  options: ShellRunnerOptions,
  job: CommandSpec,
  host: RunContext,
): Run {
  const { clock } = options;
  const decoders = {
    stdout: new TextDecoder('utf-8', { ignoreBOM: true }),
    stderr: new TextDecoder('utf-8', { ignoreBOM: true }),
  };
  const terminal = openShellTerminal({
    shell,
    command: job.command.slice(1),
    cwd: options.cwd,
    env: environment(options, job.commandId),
    merged: options.pty,
    scratch: options.scratch,
    stdout: (bytes) => host.output('stdout', decoders.stdout.decode(bytes, { stream: true })),
    stderr: (bytes) => host.output('stderr', decoders.stderr.decode(bytes, { stream: true })),
  });
  /** The last signal sent before the shell's own end. */
  let sent: string | null = null;
  const { promise: givenUp, resolve: giveUp } = Promise.withResolvers<null>();
  const output = { isClosed: false };
  const closed = terminal.closed.then(() => {
    output.isClosed = true;
  });

  function wait(ms: number): Promise<void> {
    return new Promise((resolve) => void clock.after(ms, resolve));
  }

  /** Kills until nothing answers: what is killed may just have started something else. */
  async function killAll(find: () => number[]): Promise<void> {
    for (let round = 0; round < KILL_ROUNDS; round += 1) {
      const pids = find();
      if (pids.length === 0) return;
      signalProcesses(pids, 'SIGKILL');
      await wait(KILL_ROUND_MS);
    }
  }

  const leftBehind = () => findProcessTree(job.commandId, terminal.pid).map((member) => member.pid);
  const holders = () =>
    output.isClosed ? [] : [...new Set(findProcessesWithOpenFile(terminal.files))];

  /** 500 ms for what the shell left behind; then it goes: after a stop all of it, otherwise what holds the output. */
  async function lingerAndKill(): Promise<void> {
    const until = clock.now() + SHELL_LINGER_MS;
    if (!output.isClosed) await Promise.race([closed, wait(SHELL_LINGER_MS)]);
    if (sent) {
      while (clock.now() < until && leftBehind().length > 0) await wait(KILL_ROUND_MS);
      await killAll(leftBehind);
    }
    if (output.isClosed) return;
    await killAll(() => (terminal.files.length > 0 ? holders() : leftBehind()));
    // Nobody can write any more. What was written is still read, unless something unseen holds on.
    while (!output.isClosed) {
      const wasPaused = terminal.isPaused();
      await Promise.race([closed, wait(SHELL_LINGER_MS)]);
      if (!wasPaused && !terminal.isPaused()) terminal.close();
    }
  }

  async function end(): Promise<ExitStatus> {
    const exitCode = await Promise.race([terminal.exited, givenUp]);
    const signal = terminal.signal();
    if (exitCode !== null) await lingerAndKill();
    terminal.close();
    host.output('stdout', decoders.stdout.decode());
    host.output('stderr', decoders.stderr.decode());
    if (exitCode === null) return { kind: 'failed', error: UNENDING };
    if (signal) return { kind: 'signalled', signal };
    return { kind: 'exited', exitCode, ...(sent && { signal: sent }) };
  }

  host.process(terminal.pid);
  terminal.go();

  return {
    ended: end(),
    stop(step: StopLevel): boolean {
      // Ended by itself, perhaps not reaped yet: what it left behind has its 500 ms.
      if (!isAlive(terminal.pid)) return false;
      sent = SIGNALS[step];
      signalProcessTree(job.commandId, terminal.pid, SIGNALS[step]);
      if (step === 'end') clock.after(ESCALATION_MS, () => giveUp(null));
      return true;
    },
    pause: terminal.pause,
    resume: terminal.resume,
    resize: terminal.resize,
    ...(options.pty && { input: terminal.write }),
  };
}

function environment(options: ShellRunnerOptions, commandId: string): Record<string, string> {
  // stdout is a terminal, but nobody can press a key: a pager would wait for ever.
  const pager = options.pty ? {} : { PAGER: 'cat', GIT_PAGER: 'cat' };
  const env = childEnvironment(options.env ?? process.env, commandId);
  return { ...env, ...pager, TERM: 'xterm-256color' };
}
