// No process outlives its round: everything a round starts carries the round's mark in its environment.
import { readdirSync, readFileSync } from 'node:fs';

/** The variable of the environment that names the round. */
const MARK = 'CHAOS_ROUND';

/** The mark of a round that this process plays. */
export const markOf = (pid: number, seed: number) => `${pid}-${seed}`;

/** What to add to the environment of everything that belongs to a round. */
export const markedAs = (round: string): Record<string, string> => ({ [MARK]: round });

/** Kills everything that carries a round's mark, until nothing answers. */
export async function endMarked(round: string): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    const pids = marked(round);
    if (pids.length === 0) return;
    for (const pid of pids) signal(pid);
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
}

function marked(round: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid && hasMark(pid, round));
}

function hasMark(pid: number, round: string): boolean {
  try {
    const environment = `\0${readFileSync(`/proc/${pid}/environ`, 'utf8')}`;
    return environment.includes(`\0${MARK}=${round}\0`);
  } catch {
    return false;
  }
}

function signal(pid: number) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It is gone already, or not ours any more.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
