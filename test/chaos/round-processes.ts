// Ends every process that a round has started. Each carries the ID of its round in its environment.
import { findProcesses } from '../support/processes.ts';
import { wait } from './wait.ts';

const VARIABLE = 'CHAOS_ROUND';

/** Returns the ID of a round that a process runs. */
export const createRoundId = (pid: number, seed: number) => `${pid}-${seed}`;

/** Returns the environment that marks a process as part of a round; the processes it starts inherit it. */
export const createRoundEnvironment = (roundId: string): Record<string, string> => ({
  [VARIABLE]: roundId,
});

/** Kills the processes of a round until none is left. */
export async function killRoundProcesses(roundId: string): Promise<void> {
  for (let attempts = 0; attempts < 50; attempts += 1) {
    const pids = findProcesses(`${VARIABLE}=${roundId}\0`);
    if (pids.length === 0) return;
    for (const pid of pids) killProcess(pid);
    await wait(20);
  }
}

function killProcess(pid: number) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: it has exited in the meantime.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
