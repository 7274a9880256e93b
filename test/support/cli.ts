// Runs the commands of the compiled executable against a hub, with stdout and stderr kept apart.
import { buildBinary, PASSWORD, signInToApi } from './binary.ts';
import { createPipe, type Pipe } from './pipe.ts';
import { type RunningProcess, startProcess } from './processes.ts';

export interface CliResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export type Cli = Awaited<ReturnType<typeof createCli>>;

/** Creates a command line that is signed in to a hub. @param folder for files of the command line */
export async function createCli(url: string, folder: string) {
  const headers = await signInToApi(url);
  const binary = buildBinary();
  const env = {
    SIGNALBOX_HUB: url,
    SIGNALBOX_TOKEN: headers['authorization']!.slice(7),
    SIGNALBOX_PASSWORD: PASSWORD,
    XDG_CONFIG_HOME: folder,
  };

  return {
    /** Headers for API requests. */
    headers,
    binary,
    env,
    /** Starts a command, and collects stdout and stderr together. */
    start: (...words: string[]): RunningProcess => startProcess([binary, ...words], env),
    /** Runs a command until it exits. */
    run: (...words: string[]) => runBinary(words, env),
    /** Runs a command that is not signed in. */
    runSignedOut: (...words: string[]) => runBinary(words, { ...env, SIGNALBOX_TOKEN: '' }),
    createPipe: () => createPipe(folder),
    /** Starts a command whose stdout or stderr is a pipe that the test reads. `other` is the text of the other one. */
    startInto(pipe: Pipe, stream: 'stdout' | 'stderr', ...words: string[]) {
      const child = Bun.spawn([binary, ...words], {
        env: { ...process.env, ...env },
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'pipe',
        [stream]: pipe.writeEnd,
      });
      pipe.closeWriteEnd();
      const other = new Response(stream === 'stdout' ? child.stderr : child.stdout).text();
      return { pid: child.pid, other, exited: child.exited };
    },
  };
}

/** Runs the executable until it exits. */
export async function runBinary(words: string[], env: Record<string, string>): Promise<CliResult> {
  const child = Bun.spawn([buildBinary(), ...words], {
    env: { ...process.env, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, exitCode };
}

/** Parses lines of JSON. */
export function parseLines(text: string): Record<string, unknown>[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
