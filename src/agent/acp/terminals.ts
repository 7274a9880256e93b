// Runs the commands that an AI program asks its client to run (ACP terminals). They run like other shell commands, each
// in its own process group, and are killed when the turn ends.
import {
  type CreateTerminalRequest,
  RequestError,
  type TerminalExitStatus,
  type TerminalOutputResponse,
} from '@agentclientprotocol/sdk';
import type { Clock } from '../../protocol/clock.ts';
import { ESCALATION_MS } from '../../protocol/limits.ts';
import { byteLength } from '../../protocol/text.ts';
import { cancelledResponse } from '../approvals.ts';
import { errorMessage } from '../error-message.ts';
import type { ExitStatus, Run, StopLevel } from '../runner.ts';
import { createShellRunner } from '../shell/runner.ts';
import type { PidFile } from './pid-file.ts';
import type { WorkspaceFiles } from './workspace-files.ts';

/** How much of a command's output is kept, unless the program sets a limit. */
const DEFAULT_OUTPUT_BYTES = 1_048_576;

export interface TerminalsOptions {
  files: WorkspaceFiles;
  /** A folder for short-lived files. */
  scratch: string;
  clock: Clock;
  env: Record<string, string | undefined>;
  pidFile: PidFile;
  /** Receives whole lines of output, for the transcript. */
  onOutput(terminalId: string, lines: string): void;
}

interface Terminal {
  run: Run;
  output: string;
  isTruncated: boolean;
  exitStatus: TerminalExitStatus | null;
}

export function createTerminals(options: TerminalsOptions) {
  const { files, clock, pidFile } = options;
  const terminals = new Map<string, Terminal>();

  function find(id: string): Terminal {
    const terminal = terminals.get(id);
    if (!terminal) throw RequestError.resourceNotFound(`terminal ${id}`);
    return terminal;
  }

  /** @throws {RequestError} if the command cannot be started, or its folder is outside the agent's folder */
  function create(request: CreateTerminalRequest): string {
    const id = Bun.randomUUIDv7();
    const maxBytes = request.outputByteLimit ?? DEFAULT_OUTPUT_BYTES;
    const env = Object.fromEntries((request.env ?? []).map(({ name, value }) => [name, value]));
    const runner = createShellRunner({
      cwd: files.resolvePath(request.cwd ?? files.root),
      pty: false,
      clock,
      scratch: options.scratch,
      env: { ...options.env, ...env },
    });
    const state: Omit<Terminal, 'run'> = { output: '', isTruncated: false, exitStatus: null };
    let line = '';

    function onOutput(text: string): void {
      state.output += text;
      if (byteLength(state.output) > maxBytes) {
        state.output = lastBytes(state.output, maxBytes);
        state.isTruncated = true;
      }
      line += text;
      const end = line.lastIndexOf('\n') + 1;
      if (end === 0) return;
      options.onOutput(id, line.slice(0, end));
      line = line.slice(end);
    }

    const run = withRequestError(() =>
      runner.start(
        { commandId: id, command: `!${commandLine(request)}`, session: 'continue' },
        {
          writeOutput: (_stream, text) => onOutput(text),
          recordProcess: (pid) => pidFile.add(id, pid),
          folderRecorded: null,
          measureChanges: () => Promise.resolve({}),
          updateReport: () => undefined,
          setTurnPart: () => undefined,
          requestApproval: () => Promise.resolve(cancelledResponse()),
        },
      ),
    );
    terminals.set(id, Object.assign(state, { run }));
    void run.exited.then((status) => {
      state.exitStatus = toTerminalExitStatus(status);
      if (line !== '') options.onOutput(id, `${line}\n`);
      pidFile.remove(id);
    });
    return id;
  }

  /** Terminates a command, and kills it if it does not exit. */
  function terminate({ run }: Terminal): void {
    if (!run.stop('terminate')) return;
    const cancelKill = clock.after(ESCALATION_MS, () => void run.stop('kill'));
    void run.exited.then(cancelKill);
  }

  return {
    create,

    output(id: string): TerminalOutputResponse {
      const { output, isTruncated, exitStatus } = find(id);
      return { output, truncated: isTruncated, ...(exitStatus && { exitStatus }) };
    },

    async exited(id: string): Promise<TerminalExitStatus> {
      return toTerminalExitStatus(await find(id).run.exited);
    },

    kill: (id: string): void => terminate(find(id)),

    release(id: string): void {
      terminate(find(id));
      terminals.delete(id);
    },

    /** Stops all commands. */
    stop(level: StopLevel): void {
      for (const { run } of terminals.values()) run.stop(level);
    },

    /** Kills all commands. Resolves when they have exited. */
    async close(): Promise<void> {
      const runs = [...terminals.values()].map(({ run }) => run);
      terminals.clear();
      for (const run of runs) run.stop('kill');
      await Promise.all(runs.map((run) => run.exited));
    },
  };
}

function withRequestError<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw RequestError.internalError(undefined, errorMessage(error));
  }
}

/** Builds the command line for the shell. A command without arguments is passed on unchanged. */
function commandLine({ command, args = [] }: CreateTerminalRequest): string {
  return args.length === 0 ? command : [command, ...args].map(quote).join(' ');
}

function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function toTerminalExitStatus(status: ExitStatus): TerminalExitStatus {
  switch (status.kind) {
    case 'exited':
      return { exitCode: status.exitCode };
    case 'signaled':
      return { signal: status.signal };
    case 'failed':
      return {};
    default:
      status satisfies never;
      return {};
  }
}

/** The last `max` bytes of a string, starting with a whole character. */
function lastBytes(text: string, max: number): string {
  const bytes = Buffer.from(text, 'utf8');
  let start = Math.max(0, bytes.length - max);
  while (((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return bytes.subarray(start).toString('utf8');
}
