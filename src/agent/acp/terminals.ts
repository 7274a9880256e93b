// Commands that an AI's program asks its client to run. Each is a shell command like any other here: its own process
// group, its own mark, the same escalation, and nothing left of it in the end.
import {
  type CreateTerminalRequest,
  RequestError,
  type TerminalExitStatus,
  type TerminalOutputResponse,
} from '@agentclientprotocol/sdk';
import type { Clock } from '../../protocol/clock.ts';
import { ESCALATION_MS } from '../../protocol/limits.ts';
import { byteLength } from '../../protocol/text.ts';
import type { WorkspaceFiles } from './files.ts';
import type { PidFile } from './pid-file.ts';
import type { Run, ExitStatus, StopLevel } from '../runner.ts';
import { createShellRunner } from '../shell/runner.ts';

/** What is kept of a command's output unless the program says otherwise. */
const KEPT_BYTES = 1_048_576;

export interface TerminalsOptions {
  files: WorkspaceFiles;
  /** A folder for short-lived files. */
  scratch: string;
  clock: Clock;
  env: Record<string, string | undefined>;
  pidFile: PidFile;
  /** Takes whole lines of what a command writes, for people to read. */
  output(terminalId: string, lines: string): void;
}

interface Terminal {
  run: Run;
  kept: string;
  isTruncated: boolean;
  exit: TerminalExitStatus | null;
}

export function createTerminals(options: TerminalsOptions) {
  const { files, clock, pidFile } = options;
  const terminals = new Map<string, Terminal>();

  function find(id: string): Terminal {
    const terminal = terminals.get(id);
    if (!terminal) throw RequestError.resourceNotFound(`terminal ${id}`);
    return terminal;
  }

  /** @throws {RequestError} where it cannot be started, or not there */
  function create(request: CreateTerminalRequest): string {
    const mark = Bun.randomUUIDv7();
    const most = request.outputByteLimit ?? KEPT_BYTES;
    const cwd = files.within(request.cwd ?? files.root);
    const given = Object.fromEntries((request.env ?? []).map(({ name, value }) => [name, value]));
    const runner = createShellRunner({
      cwd,
      pty: false,
      clock,
      scratch: options.scratch,
      env: { ...options.env, ...given },
    });
    const terminal: Omit<Terminal, 'run'> = { kept: '', isTruncated: false, exit: null };
    let line = '';
    const job = {
      commandId: mark,
      command: `!${shellWords(request)}`,
      session: 'continue',
    } as const;

    function take(text: string): void {
      terminal.kept += text;
      if (byteLength(terminal.kept) > most) {
        terminal.kept = lastBytes(terminal.kept, most);
        terminal.isTruncated = true;
      }
      line += text;
      const end = line.lastIndexOf('\n') + 1;
      if (end === 0) return;
      options.output(mark, line.slice(0, end));
      line = line.slice(end);
    }

    const run = attempt(() =>
      runner.start(job, {
        output: (_stream, text) => take(text),
        process: (pid) => pidFile.add(mark, pid),
        report: () => undefined,
        ask: () => Promise.resolve({ outcome: 'cancelled', applied: () => undefined }),
      }),
    );
    terminals.set(mark, Object.assign(terminal, { run }));
    void run.ended.then((end) => {
      terminal.exit = exitOf(end);
      if (line !== '') options.output(mark, `${line}\n`);
      pidFile.remove(mark);
    });
    return mark;
  }

  /** Harder and harder, until it has ended. */
  function stop({ run }: Terminal): void {
    if (!run.stop('tell')) return;
    const cancel = clock.after(ESCALATION_MS, () => void run.stop('end'));
    void run.ended.then(cancel);
  }

  return {
    create,

    output(id: string): TerminalOutputResponse {
      const { kept, isTruncated, exit } = find(id);
      return { output: kept, truncated: isTruncated, ...(exit && { exitStatus: exit }) };
    },

    async ended(id: string): Promise<TerminalExitStatus> {
      return exitOf(await find(id).run.ended);
    },

    kill: (id: string): void => stop(find(id)),

    release(id: string): void {
      stop(find(id));
      terminals.delete(id);
    },

    /** Stops all of them, so hard. */
    stop(step: StopLevel): void {
      for (const { run } of terminals.values()) run.stop(step);
    },

    /** The turn is over: so are its commands. Resolves when nothing of them runs. */
    async close(): Promise<void> {
      const last = [...terminals.values()];
      terminals.clear();
      for (const { run } of last) run.stop('end');
      await Promise.all(last.map(({ run }) => run.ended));
    },
  };
}

function attempt<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw RequestError.internalError(undefined, error instanceof Error ? error.message : '');
  }
}

/** A program with its arguments, or a line for the shell. */
function shellWords({ command, args = [] }: CreateTerminalRequest): string {
  return args.length === 0 ? command : [command, ...args].map(quoted).join(' ');
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function exitOf(end: ExitStatus): TerminalExitStatus {
  switch (end.kind) {
    case 'exited':
      return { exitCode: end.exitCode };
    case 'signalled':
      return { signal: end.signal };
    case 'failed':
      return {};
    default:
      end satisfies never;
      return {};
  }
}

/** The end of a text, at most so many bytes, beginning with a whole character. */
function lastBytes(text: string, most: number): string {
  const bytes = Buffer.from(text, 'utf8');
  let start = Math.max(0, bytes.length - most);
  while (((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return bytes.subarray(start).toString('utf8');
}
