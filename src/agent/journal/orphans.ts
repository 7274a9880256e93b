// What a crashed agent left running: ended by its successor before it says a word to the hub, so that nothing runs
// that nobody watches.
import type { JournaledCommand } from './reader.ts';
import { findProcessTree, hasMark, signalProcesses, startTimeOf } from '../process/table.ts';
import type { CommandResult } from '../result.ts';

const ROUNDS = 50;

/**
 * Kills what is left of a command, if it is really that command's: the same process by number and start, or marked
 * with its id. Then tells how it ended.
 */
export function endOrphan(left: JournaledCommand, log: (line: string) => void): CommandResult {
  const { commandId, process: noted } = left;
  for (let round = 0; round < ROUNDS; round += 1) {
    const isSame = noted !== null && startTimeOf(noted.pid) === noted.start;
    const leader = isSame && isOurs(noted.pid, commandId) ? noted.pid : null;
    const pids = findProcessTree(commandId, leader).map((member) => member.pid);
    if (pids.length === 0) break;
    if (round === 0)
      log(`command ${commandId} was left running by a crash: ending ${pids.join(', ')}`);
    signalProcesses(leader === null ? pids : [-leader, ...pids], 'SIGKILL');
    Bun.sleepSync(1);
  }
  const message = 'The agent crashed while the command was running.';
  return { outcome: 'failed', exitCode: null, error: { code: 'agent_crashed', message } };
}

/** Elsewhere than on Linux the environment cannot be read: there the start time alone must do. */
function isOurs(pid: number, commandId: string): boolean {
  return process.platform !== 'linux' || hasMark(pid, commandId);
}
