// Starts programs that end with this process, however it ends: a test that is killed leaves no servers behind.
import { type RunningProcess, startProcess } from './processes.ts';

/** Only Linux has it. */
const prefix = Bun.which('setpriv') ? ['setpriv', '--pdeathsig', 'KILL'] : [];

/** Starts a program as `startProcess` does. The system kills it when this process has ended. */
export function startBound(
  command: string[],
  env?: Record<string, string>,
  cwd?: string,
): RunningProcess {
  return startProcess([...prefix, ...command], env, cwd);
}
