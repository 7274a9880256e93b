// A shell on a pseudo-terminal of its own, in a session of its own. By default only stdout is the terminal, and
// stderr is a pipe beside it: so programs do not hold their output back, and the two stay apart.
import { closeSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openNamedPipe, createPipeReader } from './pipe.ts';
import { descriptorTarget } from '../process/table.ts';

/**
 * The shell waits for a line on its terminal, then becomes the command: until then the journal can be written. If the
 * agent dies first, the read fails. `nohup`-like: what a command leaves behind shall not die of the terminal's end.
 */
const APART = `read -r _ || exit 1; trap '' HUP; exec </dev/null 2>&3 3>&-; exec "$0" -c -- "$1"`;
/** One real terminal for all three. It must not echo the line that starts it, and must echo afterwards. */
const MERGED = `read -r _ || exit 1; stty echo; exec "$0" -c -- "$1"`;

/** Terminal flags, the same numbers on Linux and macOS but where told. */
const ECHO = 0o10;
const IXON = process.platform === 'darwin' ? 0x200 : 0o2000;
const IXANY = process.platform === 'darwin' ? 0x800 : 0o4000;
const STOP = '\x13';
const START = '\x11';

export interface ShellTerminalOptions {
  shell: string;
  command: string;
  cwd: string;
  env: Record<string, string>;
  /** One terminal for stdin, stdout and stderr. */
  merged: boolean;
  /** A folder for the FIFO, which is gone again when this returns. */
  scratch: string;
  stdout(bytes: Uint8Array): void;
  stderr(bytes: Uint8Array): void;
}

/**
 * Starts the shell, which waits until `go`.
 * @throws where the folder, the shell or the FIFO cannot be used
 */
export function openShellTerminal(options: ShellTerminalOptions) {
  const { promise: terminalClosed, resolve: closedTerminal } = Promise.withResolvers<void>();
  const pipe = options.merged
    ? null
    : openNamedPipe(join(options.scratch, `stderr-${Bun.randomUUIDv7()}`));
  const child = (() => {
    try {
      return Bun.spawn(
        [options.shell, '-c', options.merged ? MERGED : APART, options.shell, options.command],
        {
          cwd: options.cwd,
          env: options.env,
          stdio: ['ignore', 'ignore', 'ignore', ...(pipe ? [pipe.write] : [])],
          terminal: {
            cols: 80,
            rows: 24,
            data: (_terminal, bytes) => options.stdout(bytes),
            exit: () => closedTerminal(),
          },
        },
      );
    } catch (error) {
      if (pipe) closeSync(pipe.read);
      throw error;
    } finally {
      if (pipe) closeSync(pipe.write);
    }
  })();
  const terminal = child.terminal;
  if (!terminal) throw new Error('there is no terminal');
  // Output as the program wrote it, byte for byte: the page's terminal turns \n into a new line by itself.
  if (!options.merged) terminal.outputFlags = 0;
  terminal.localFlags &= ~ECHO;
  terminal.inputFlags &= ~IXANY;

  const terminalName = descriptorTarget(child.pid, 0);
  const master = terminalName === null ? null : findMaster(terminalName);
  const stderr = pipe && createPipeReader(pipe.read, options.stderr);
  let paused = false;
  let ended = false;
  void terminalClosed.then(() => {
    ended = true;
  });

  /** Past Bun's own queue where possible: that is written only after all that can be read was read. */
  function control(character: string): void {
    if (ended || terminal?.closed !== false || (terminal.inputFlags & IXON) === 0) return;
    if (master === null) terminal.write(character);
    else writeSync(master, character);
  }

  return {
    pid: child.pid,
    /** Resolves once the shell has ended and is reaped. */
    exited: child.exited,
    signal: (): string | null => (child.signalCode === null ? null : String(child.signalCode)),
    /** Resolves once nobody can write any more, and all that was written has been handed over. */
    closed: Promise.all([terminalClosed, stderr?.closed]),
    /** The files that keep the output open, as /proc names them; empty where there is no /proc. */
    files: terminalName === null ? [] : [terminalName, ...(pipe ? [pipe.name] : [])],

    go: () => void terminal.write('\n'),
    write: (data: string) => void terminal.write(data),
    resize: (cols: number, rows: number) => terminal.resize(cols, rows),

    /** Stops reading. A terminal cannot be left unread: it is told to hold, unless its program has forbidden that. */
    pause(): void {
      stderr?.pause();
      control(STOP);
      paused = true;
    },
    resume(): void {
      if (!paused) return;
      paused = false;
      stderr?.resume();
      control(START);
    },
    isPaused: () => paused,

    /** Lets go of everything; `closed` resolves. */
    close(): void {
      stderr?.close();
      if (!terminal.closed) terminal.close();
      closedTerminal();
    },
  };
}

/** Our end of a terminal, which Bun does not tell; null where /proc does not either. */
function findMaster(terminalName: string): number | null {
  const index = new RegExp(`^tty-index:\\s*${terminalName.split('/').at(-1)}$`, 'm');
  try {
    const descriptors = readdirSync('/proc/self/fd').map(Number);
    const found = descriptors.find(
      (descriptor) =>
        descriptorTarget('self', descriptor)?.endsWith('ptmx') === true &&
        index.test(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')),
    );
    return found ?? null;
  } catch {
    return null;
  }
}
