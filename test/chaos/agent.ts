// An agent of a round: the compiled binary, which may be killed and started again on the same journal.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningProcess, startProcess } from '../support/processes.ts';

export interface AgentOptions {
  binary: string;
  agentId: string;
  hubUrl: string;
  token: string;
  /** Where it works, and keeps its journal. */
  folder: string;
  /** Starts again where the hub sends it away: one whose clock jumps may take a new socket for a silent one. */
  returns: boolean;
  /** Marks it, and all it starts, as this round's. */
  env: Record<string, string>;
}

export type ChaosAgent = ReturnType<typeof startAgent>;

export function startAgent(options: AgentOptions) {
  const { binary, agentId, hubUrl, folder } = options;
  const runs: RunningProcess[] = [];
  const complaints: string[] = [];
  let kills = 0;
  const state = join(folder, `state-${agentId}`);
  let restarts = 0;
  let losses = 0;
  let present = run();

  function run(): RunningProcess {
    const agent = startProcess(
      [binary, 'agent', '--hub', hubUrl, '--id', agentId, '--type', 'claude', '--state', state],
      { ...options.env, SIGNALBOX_AGENT_TOKEN: options.token },
      folder,
    );
    runs.push(agent);
    void agent.exited.then((code) => {
      if (agent !== present) return;
      if (options.returns && lastLine(agent).includes('unauthenticated')) present = run();
      else complaints.push(`${agentId} ended by itself with ${code}: ${lastLine(agent)}`);
    });
    return agent;
  }

  /** Kills it, and starts another a while later. */
  async function kill(pauseMs: number, meanwhile = () => {}) {
    const killed = present;
    present = { ...killed };
    killed.kill('SIGKILL');
    await killed.exited;
    meanwhile();
    await new Promise((resolve) => void setTimeout(resolve, pauseMs));
    present = run();
  }

  async function stop() {
    const stopped = present;
    present = { ...stopped };
    stopped.kill('SIGTERM');
    const code = await stopped.exited;
    // 143: it had not come so far as to be stopped in order.
    if (code === 0 || (code === 143 && stopped.output() === '')) return;
    complaints.push(`${agentId} ended with ${code} after SIGTERM: ${lastLine(stopped)}`);
  }

  return {
    agentId,
    /** What was done to it, by kind: each may end a command of its own accord. */
    get harm() {
      return { kills, restarts, losses };
    },
    /** Kills it, and starts another on the same journal a while later. */
    async kill(pauseMs: number) {
      kills += 1;
      await kill(pauseMs);
    },
    /** Kills it, and starts another without a journal: nobody knows any more what it had begun. */
    async loseJournal(pauseMs: number) {
      losses += 1;
      await kill(pauseMs, () => rmSync(state, { recursive: true, force: true }));
    },
    freeze: () => present.kill('SIGSTOP'),
    thaw: () => present.kill('SIGCONT'),
    /** Ends it in order, and starts another. */
    async restart() {
      restarts += 1;
      await stop();
      present = run();
    },
    /** Ends it in order. */
    stop,
    complaints: () => [
      ...complaints,
      ...runs.flatMap((one) =>
        one
          .output()
          .split('\n')
          .filter((line) => /could not be handled|^\s+at |cannot be/.test(line)),
      ),
    ],
    log: () => runs.map((one) => one.output()).join('--- next run\n'),
  };
}

function lastLine(running: RunningProcess): string {
  return running.output().trim().split('\n').at(-1) ?? '';
}
