// A shell in its own session, on its own pseudo-terminal. By default only stdout is the terminal and stderr is a pipe:
// programs then flush their output line by line, and the two streams stay separate.
import { closeSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { INITIAL_TERMINAL_SIZE } from '../../protocol/terminal-size.ts';
import { descriptorTarget } from '../process/table.ts';
import { createPipeReader, openNamedPipe } from './pipe.ts';

/**
 * Waits for a line on the terminal before it runs the command, so that the journal can be written first. If the agent
 * dies before that, `read` fails. SIGHUP is ignored: background processes must survive the end of the terminal.
 */
const SEPARATE_STREAMS = `read -r _ || exit 1; trap '' HUP; exec </dev/null 2>&3 3>&-; exec "$0" -c -- "$1"`;
/** The same with one terminal for stdin, stdout and stderr. Echo is off until the starting line has been read. */
const ONE_TERMINAL = `read -r _ || exit 1; stty echo; exec "$0" -c -- "$1"`;

/** Terminal flags. ECHO has the same value on Linux and macOS. */
const ECHO = 0o10;
const IXON = process.platform === 'darwin' ? 0x200 : 0o2000;
const IXANY = process.platform === 'darwin' ? 0x800 : 0o4000;
const XOFF = '\x13';
const XON = '\x11';

export interface ShellTerminalOptions {
  shell: string;
  command: string;
  cwd: string;
  env: Record<string, string>;
  /** Use the terminal for stdin, stdout and stderr. */
  isInteractive: boolean;
  /** A folder for the named pipe, which is removed before this returns. */
  scratch: string;
  onStdout(bytes: Uint8Array): void;
  onStderr(bytes: Uint8Array): void;
}

/**
 * Starts the shell. The command does not run until `start` is called.
 * @throws if the folder, the shell or the named pipe cannot be used
 */
export function openShellTerminal(options: ShellTerminalOptions) {
  const { promise: terminalClosed, resolve: onTerminalClosed } = Promise.withResolvers<void>();
  const pipe = options.isInteractive
    ? null
    : openNamedPipe(join(options.scratch, `stderr-${Bun.randomUUIDv7()}`));
  const child = spawnShell(options, pipe, onTerminalClosed);
  const terminal = child.terminal;
  if (!terminal) throw new Error('The shell has no terminal.');
  // Pass output on byte for byte: the browser's terminal converts \n itself.
  if (!options.isInteractive) terminal.outputFlags = 0;
  terminal.localFlags &= ~ECHO;
  terminal.inputFlags &= ~IXANY;

  const terminalName = descriptorTarget(child.pid, 0);
  const master = terminalName === null ? null : findMaster(terminalName);
  const stderr = pipe && createPipeReader(pipe.read, options.onStderr);
  let isPaused = false;
  let hasEnded = false;
  void terminalClosed.then(() => {
    hasEnded = true;
  });

  /** Writes to the master side directly if possible: Bun's write queue waits until all output has been read. */
  function sendFlowControl(character: string): void {
    if (hasEnded || terminal?.closed !== false || (terminal.inputFlags & IXON) === 0) return;
    if (master === null) terminal.write(character);
    else writeSync(master, character);
  }

  return {
    pid: child.pid,
    /** Resolves with the exit code when the shell has exited. */
    exited: child.exited,
    signal: (): string | null => (child.signalCode === null ? null : String(child.signalCode)),
    /** Resolves when no process can write output anymore and all output has been delivered. */
    closed: Promise.all([terminalClosed, stderr?.closed]),
    /** The files that keep the output open, as named in /proc. Empty on systems without /proc. */
    files: terminalName === null ? [] : [terminalName, ...(pipe ? [pipe.name] : [])],

    /** Has no effect on a shell that has been killed. */
    start: () => void (terminal.closed || terminal.write('\n')),
    write: (data: string) => void (terminal.closed || terminal.write(data)),
    resize: (cols: number, rows: number) => void (terminal.closed || terminal.resize(cols, rows)),

    /**
     * Pauses output. Bun cannot stop reading a terminal, so the terminal receives XOFF. That has no effect if a program
     * has disabled flow control.
     */
    pause(): void {
      stderr?.pause();
      sendFlowControl(XOFF);
      isPaused = true;
    },
    resume(): void {
      if (!isPaused) return;
      isPaused = false;
      stderr?.resume();
      sendFlowControl(XON);
    },
    isPaused: () => isPaused,

    /** Closes the terminal and the pipe. `closed` resolves. */
    close(): void {
      stderr?.close();
      if (!terminal.closed) terminal.close();
      onTerminalClosed();
    },
  };
}

function spawnShell(
  options: ShellTerminalOptions,
  pipe: { read: number; write: number } | null,
  onClose: () => void,
) {
  const script = options.isInteractive ? ONE_TERMINAL : SEPARATE_STREAMS;
  try {
    return Bun.spawn([options.shell, '-c', script, options.shell, options.command], {
      cwd: options.cwd,
      env: options.env,
      stdio: ['ignore', 'ignore', 'ignore', ...(pipe ? [pipe.write] : [])],
      terminal: {
        ...INITIAL_TERMINAL_SIZE,
        data: (_terminal, bytes) => options.onStdout(bytes),
        exit: () => onClose(),
      },
    });
  } catch (error) {
    if (pipe) closeSync(pipe.read);
    throw error;
  } finally {
    if (pipe) closeSync(pipe.write);
  }
}

/** Finds this process's descriptor of a terminal, which Bun does not expose; null on systems without /proc. */
function findMaster(terminalName: string): number | null {
  const index = new RegExp(`^tty-index:\\s*${terminalName.split('/').at(-1)}$`, 'm');
  try {
    const descriptors = readdirSync('/proc/self/fd').map(Number);
    const master = descriptors.find(
      (descriptor) =>
        descriptorTarget('self', descriptor)?.endsWith('ptmx') === true &&
        index.test(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')),
    );
    return master ?? null;
  } catch {
    return null;
  }
}
