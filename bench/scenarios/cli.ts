// The command line: how long a command takes from start to exit, and how fast the output of a program arrives.
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startAgentBinary, startHubBinary } from '../../test/support/binary.ts';
import { createCli } from '../../test/support/cli.ts';
import { SIGNALBOX } from '../contestants.ts';
import type { Context, Scenario } from '../scenario.ts';
import { median } from '../statistics.ts';

const MEGABYTE = 1_048_576;
const AGENT = 'bench';
const RUNS = 10;
const LINES = 6_000_000;
const TERMINAL = 'script';

/** Starts a hub and an agent. Returns a function that starts the command line with its output in a file. */
async function startCli({ folder, defer }: Context) {
  const work = join(folder, 'work');
  mkdirSync(work);
  const hub = await startHubBinary(join(folder, 'data'));
  const agent = await startAgentBinary(hub.url, AGENT, work);
  defer(async () => {
    for (const { kill, exited } of [agent, hub]) {
      kill('SIGTERM');
      await exited;
    }
  });
  const { binary, env } = await createCli(hub.url, folder);
  return (command: string, file: string) =>
    timeRun([binary, 'run', '--agent', AGENT, command], file, env);
}

/** Runs a program with its output in a file. Returns the time in milliseconds. */
async function timeRun(
  command: string[],
  file: string,
  env: Record<string, string> = {},
): Promise<number> {
  const startedAt = performance.now();
  const child = Bun.spawn(command, {
    env: { ...process.env, ...env },
    stdin: 'ignore',
    stdout: Bun.file(file),
    stderr: 'pipe',
  });
  const exitCode = await child.exited;
  const ms = performance.now() - startedAt;
  if (exitCode === 0) return ms;
  const text = await new Response(child.stderr).text();
  throw new Error(`${command.join(' ')} exited with ${exitCode}: ${text}`);
}

const runTrue: Scenario = {
  name: 'cli-true',
  description: "signalbox run '!true', from start to exit",
  isQuick: true,
  warmUp: true,
  async prepare(context) {
    const run = await startCli(context);
    const file = join(context.folder, 'output');
    return {
      contestants: [
        {
          name: SIGNALBOX,
          async measure() {
            const times: number[] = [];
            while (times.length < RUNS) times.push(await run('!true', file));
            return { ms: median(times) };
          },
        },
      ],
      rows: [
        {
          what: "run '!true', start to exit",
          unit: 'ms',
          value: { contestant: SIGNALBOX, figure: 'ms' },
          goal: { of: 'value', atMost: 60 },
        },
      ],
    };
  },
};

const runSeq: Scenario = {
  name: 'cli-seq',
  description: 'seq 1 6000000 through pty, agent, hub and signalbox run, compared with a bare pty',
  async prepare(context) {
    if (Bun.which(TERMINAL) === null) return 'there is no "script" to run a program on a bare pty.';
    const run = await startCli(context);
    const file = join(context.folder, 'output');
    const program = `seq 1 ${context.scale(LINES)}`;
    await timeRun(['sh', '-c', program], file);
    const bytes = statSync(file).size;
    const toFigures = (ms: number) => ({ megabytesPerSecond: bytes / MEGABYTE / (ms / 1000) });
    const value = (contestant: string) => ({ contestant, figure: 'megabytesPerSecond' });
    return {
      contestants: [
        {
          name: SIGNALBOX,
          async measure() {
            const ms = await run(`!${program}`, file);
            const received = statSync(file).size;
            if (received !== bytes) throw new Error(`Received ${received} of ${bytes} bytes.`);
            return toFigures(ms);
          },
        },
        {
          name: TERMINAL,
          measure: async () =>
            // The agent's terminals do not change line ends either.
            toFigures(
              await timeRun([TERMINAL, '-qc', `stty -opost; ${program}`, '/dev/null'], file),
            ),
        },
      ],
      rows: [
        {
          what: `${program} through pty, agent, hub and run`,
          unit: 'MB/s',
          value: value(SIGNALBOX),
          reference: value(TERMINAL),
          goal: { of: 'ratio', atLeast: 0.9 },
        },
      ],
    };
  },
};

export const cliScenarios: readonly Scenario[] = [runTrue, runSeq];
