// An agent of a round: the compiled binary, which may be killed and started again on the same journal.
import { join } from 'node:path';
import { type Running, start } from '../support/binary.ts';

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
  const runs: Running[] = [];
  const complaints: string[] = [];
  const kills: number[] = [];
  let present = run();

  function run(): Running {
    const state = join(folder, `state-${agentId}`);
    const agent = start(
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

  return {
    agentId,
    /** When it was killed, Unix milliseconds. */
    kills,
    /** Kills it, and starts another on the same journal a while later. */
    async kill(pauseMs: number) {
      const killed = present;
      kills.push(Date.now());
      const next = Promise.withResolvers<void>();
      killed.kill('SIGKILL');
      setTimeout(() => {
        present = run();
        next.resolve();
      }, pauseMs);
      present = { ...killed };
      await next.promise;
    },
    freeze: () => present.kill('SIGSTOP'),
    thaw: () => present.kill('SIGCONT'),
    /** Ends it in order. */
    async stop() {
      const stopped = present;
      present = { ...stopped };
      stopped.kill('SIGTERM');
      const code = await stopped.exited;
      if (code !== 0)
        complaints.push(`${agentId} ended with ${code} after SIGTERM: ${lastLine(stopped)}`);
    },
    complaints: () => [
      ...complaints,
      ...runs.flatMap((one) =>
        one
          .text()
          .split('\n')
          .filter((line) => /could not be handled|^\s+at |cannot be/.test(line)),
      ),
    ],
    log: () => runs.map((one) => one.text()).join('--- next run\n'),
  };
}

function lastLine(running: Running): string {
  return running.text().trim().split('\n').at(-1) ?? '';
}
