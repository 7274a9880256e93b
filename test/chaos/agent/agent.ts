// An agent of a round: the compiled executable, which can be killed and started again with the same journal.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningProcess, startProcess } from '../../support/processes.ts';
import { wait } from '../wait.ts';

export interface ChaosAgentOptions {
  binary: string;
  agentId: string;
  hubUrl: string;
  token: string;
  /** Where commands run, and where the agent keeps its state. */
  folder: string;
  /** Whether it accepts prompts. */
  hasProgram: boolean;
  env: Record<string, string>;
}

export type ChaosAgent = ReturnType<typeof startChaosAgent>;

const PROGRAM = `"${process.execPath}" "${join(import.meta.dir, 'ai-program-process.ts')}"`;

export function startChaosAgent(options: ChaosAgentOptions) {
  const { binary, agentId, hubUrl, folder } = options;
  const runs: RunningProcess[] = [];
  const errors: string[] = [];
  const state = join(folder, `state-${agentId}`);
  let kills = 0;
  let restarts = 0;
  let journalLosses = 0;
  /** The current process; null while it is being ended. */
  let current: RunningProcess | null = run();

  function run(): RunningProcess {
    const program = options.hasProgram ? ['--acp', PROGRAM] : ['--no-acp'];
    const flags = ['--hub', hubUrl, '--id', agentId, '--type', 'claude', '--state', state];
    const agent = startProcess(
      [binary, 'agent', ...flags, ...program],
      { ...options.env, SIGNALBOX_AGENT_TOKEN: options.token },
      folder,
    );
    runs.push(agent);
    void agent.exited.then((code) => {
      if (agent !== current) return;
      errors.push(`${agentId} exited by itself with ${code}: ${lastLine(agent)}`);
      current = run();
    });
    return agent;
  }

  function start() {
    current ??= run();
  }

  const removeState = () => rmSync(state, { recursive: true, force: true });

  async function killAndRestart(pauseMs: number, whileStopped = () => {}) {
    const killed = current;
    current = null;
    killed?.kill('SIGKILL');
    await killed?.exited;
    whileStopped();
    await wait(pauseMs);
    start();
  }

  /** Stops it; resolves once it has exited. */
  async function stop() {
    const stopped = current;
    current = null;
    if (!stopped) return;
    stopped.kill('SIGTERM');
    const code = await stopped.exited;
    // 143: SIGTERM arrived before the agent had installed its handler.
    if (code === 0 || (code === 143 && stopped.output() === '')) return;
    errors.push(`${agentId} exited with ${code} after SIGTERM: ${lastLine(stopped)}`);
  }

  return {
    agentId,
    /** How often each fault was injected that can end a command. */
    get faults() {
      return { kills, restarts, journalLosses };
    },
    /** Kills it and starts it again with the same journal after a pause. */
    async kill(pauseMs: number) {
      kills += 1;
      await killAndRestart(pauseMs);
    },
    /** Kills it and starts it again without its journal, so that nobody knows what it had started. */
    async loseJournal(pauseMs: number) {
      journalLosses += 1;
      await killAndRestart(pauseMs, removeState);
    },
    freeze: () => current?.kill('SIGSTOP'),
    resume: () => current?.kill('SIGCONT'),
    /** Stops it and starts it again once `whileStopping` is done. */
    async restart(whileStopping = (exited: Promise<void>) => exited) {
      restarts += 1;
      try {
        await whileStopping(stop());
      } finally {
        start();
      }
    },
    stop,
    /** Removes its journal. */
    removeState,
    /** Returns unexpected exits and the error lines of its log. */
    errors: () => [
      ...errors,
      ...runs.flatMap((each) =>
        each
          .output()
          .split('\n')
          .filter((line) => /failed to handle|cannot be|^\s+at /.test(line)),
      ),
    ],
    log: () => runs.map((each) => each.output()).join('--- next run\n'),
  };
}

function lastLine(running: RunningProcess): string {
  return running.output().trim().split('\n').at(-1) ?? '';
}
