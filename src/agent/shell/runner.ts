// Runs commands that start with "!" in bash, or in sh if bash is not installed. $SHELL is ignored so that commands work
// the same for every user. People and AI programs write commands for bash.
import type { Clock } from '../../protocol/clock.ts';
import { ESCALATION_MS, SHELL_LINGER_MS } from '../../protocol/limits.ts';
import { childEnvironment } from '../process/environment.ts';
import { findProcessesWithOpenFile, isAlive } from '../process/table.ts';
import { findProcessTree, killAfter, killAll, signalProcessTree } from '../process/tree.ts';
import type { CommandSpec, ExitStatus, Run, RunContext, Runner, StopLevel } from '../runner.ts';
import { sleep } from '../sleep.ts';
import { openShellTerminal } from './terminal.ts';

/** The program survived SIGKILL: it runs as another user (sudo), or is stuck in the kernel. */
const NOT_KILLED = {
  code: 'program_failed',
  message: "The program could not be killed. Check the processes on the agent's machine.",
} as const;

const SIGNALS = { interrupt: 'SIGINT', terminate: 'SIGTERM', kill: 'SIGKILL' } as const;

export interface ShellRunnerOptions {
  cwd: string;
  /** Use one terminal for stdin, stdout and stderr, with input. Otherwise stdout and stderr are separate. */
  pty: boolean;
  clock: Clock;
  /** A folder for short-lived files. */
  scratch: string;
  /** Defaults to the agent's environment. SIGNALBOX_ variables are removed: they contain secrets. */
  env?: Record<string, string | undefined>;
}

export function createShellRunner(options: ShellRunnerOptions): Runner {
  const shell = Bun.which('bash') ?? '/bin/sh';
  return {
    name: 'shell',
    version: shell,
    capabilities: () => (options.pty ? ['shell', 'pty'] : ['shell']),
    start: (spec, context) => startShell(shell, options, spec, context),
  };
}

function startShell(
  shell: string,
  options: ShellRunnerOptions,
  { command, commandId }: CommandSpec,
  context: RunContext,
): Run {
  const { clock } = options;
  const decoders = {
    stdout: new TextDecoder('utf-8', { ignoreBOM: true }),
    stderr: new TextDecoder('utf-8', { ignoreBOM: true }),
  };
  const write = (stream: 'stdout' | 'stderr', bytes?: Uint8Array) =>
    context.writeOutput(stream, decoders[stream].decode(bytes, { stream: bytes !== undefined }));
  const terminal = openShellTerminal({
    shell,
    command: command.slice(1),
    cwd: options.cwd,
    env: environment(options, commandId),
    isInteractive: options.pty,
    scratch: options.scratch,
    onStdout: (bytes) => write('stdout', bytes),
    onStderr: (bytes) => write('stderr', bytes),
  });
  /** The last signal sent while the shell was running. */
  let sentSignal: string | null = null;
  const { promise: abandoned, resolve: abandon } = Promise.withResolvers<null>();
  const output = { isClosed: false };
  const closed = terminal.closed.then(() => {
    output.isClosed = true;
  });

  const findBackground = () => findProcessTree(commandId, terminal.pid);
  const findWriters = () => (output.isClosed ? [] : findProcessesWithOpenFile(terminal.files));

  /**
   * Gives background processes 500 ms after the shell's exit. Then kills all of them if the command was stopped, and
   * otherwise those that keep the output open.
   */
  async function endBackground(): Promise<void> {
    const deadline = clock.monotonic() + SHELL_LINGER_MS;
    if (!output.isClosed) await Promise.race([closed, sleep(clock, SHELL_LINGER_MS)]);
    if (sentSignal) await killAfter(deadline - clock.monotonic(), findBackground, clock);
    if (output.isClosed) return;
    await killAll(terminal.files.length > 0 ? findWriters : findBackground, clock);
    // No process can write output anymore. Read the remaining output, unless a process that could not be found keeps it
    // open.
    while (!output.isClosed) {
      const wasPaused = terminal.isPaused();
      await Promise.race([closed, sleep(clock, SHELL_LINGER_MS)]);
      if (!wasPaused && !terminal.isPaused()) terminal.close();
    }
  }

  async function waitForExit(): Promise<ExitStatus> {
    const exitCode = await Promise.race([terminal.exited, abandoned]);
    const signal = terminal.signal();
    if (exitCode !== null) await endBackground();
    terminal.close();
    write('stdout');
    write('stderr');
    if (exitCode === null) return { kind: 'failed', error: NOT_KILLED };
    if (signal) return { kind: 'signaled', signal };
    return { kind: 'exited', exitCode, ...(sentSignal && { signal: sentSignal }) };
  }

  context.recordProcess(terminal.pid);
  // Keys that arrive before the start would be read as the line that starts the command.
  const started = context.folderRecorded?.then(terminal.start);
  if (!started) terminal.start();

  return {
    exited: waitForExit(),
    stop(level: StopLevel): boolean {
      // The shell may have exited by itself without being reaped yet. Its background processes still get their 500 ms.
      if (!isAlive(terminal.pid)) return false;
      sentSignal = SIGNALS[level];
      signalProcessTree(commandId, terminal.pid, SIGNALS[level]);
      if (level === 'kill') clock.after(ESCALATION_MS, () => abandon(null));
      return true;
    },
    pause: terminal.pause,
    resume: terminal.resume,
    resize: terminal.resize,
    ...(options.pty && {
      writeInput: (data) =>
        started ? void started.then(() => terminal.write(data)) : terminal.write(data),
    }),
  };
}

function environment(options: ShellRunnerOptions, commandId: string): Record<string, string> {
  // stdout is a terminal, but without input: a pager would wait forever for a key.
  const pager = options.pty ? {} : { PAGER: 'cat', GIT_PAGER: 'cat' };
  const env = childEnvironment(options.env ?? process.env, commandId);
  return { ...env, ...pager, TERM: 'xterm-256color' };
}
