// A process tree: everything a command started, including processes that left its process group or session.
import type { Clock } from '../../protocol/clock.ts';
import { sleep } from '../sleep.ts';
import {
  canSignal,
  hasMark,
  isLinux,
  listProcesses,
  type ProcessIdentity,
  startTimeOf,
} from './table.ts';

/** How often to look for processes that are still running, in milliseconds. */
const POLL_MS = 10;
const MAX_KILL_ROUNDS = 200;
/** Fewer than MAX_KILL_ROUNDS, because killLeftovers blocks the event loop. */
const MAX_BLOCKING_ROUNDS = 50;

interface TreeProcess {
  readonly pid: number;
  readonly group: number;
}

/**
 * Finds the running processes of a tree: the root's process group and session, the processes that carry the mark, and
 * the descendants of all of these.
 * @param mark the value of MARK_VARIABLE in their environment
 * @param root the PID of the first process, or null to use only the mark
 * @returns PIDs; on systems other than Linux only the root's process group, as a negative number
 */
export function findProcessTree(mark: string, root: number | null): number[] {
  return findProcesses(mark, root).map((member) => member.pid);
}

/** Signals processes one by one. Skips those that have exited or may not be signaled. */
export function signalProcesses(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      continue;
    }
  }
}

/** Signals a whole tree. The root's group is signaled in one call, so that no new child of it is missed. */
export function signalProcessTree(mark: string, root: number, signal: NodeJS.Signals): void {
  const outside = findProcesses(mark, root).filter((member) => member.group !== root);
  signalProcesses([-root, ...outside.map((member) => member.pid)], signal);
}

/** Sends SIGKILL until `find` returns nothing. One round is not enough: a process may fork just before it dies. */
export async function killAll(find: () => number[], clock: Clock): Promise<void> {
  for (let round = 0; round < MAX_KILL_ROUNDS; round += 1) {
    const pids = find();
    if (pids.length === 0) return;
    signalProcesses(pids, 'SIGKILL');
    await sleep(clock, POLL_MS);
  }
}

/** Waits up to `graceMs` until `find` returns nothing, then kills the rest. */
export async function killAfter(
  graceMs: number,
  find: () => number[],
  clock: Clock,
): Promise<void> {
  const deadline = clock.monotonic() + graceMs;
  for (let waited = 0; waited < graceMs && clock.monotonic() < deadline; waited += POLL_MS) {
    if (find().length === 0) return;
    await sleep(clock, POLL_MS);
  }
  await killAll(find, clock);
}

/**
 * Kills the processes that a crashed agent left running. Blocks until they have exited. The recorded process is used as
 * the root only if it is still the same process: its PID may have been reused.
 * @returns the PIDs found first
 */
export function killLeftovers(mark: string, recorded: ProcessIdentity | null): number[] {
  let found: number[] = [];
  for (let round = 0; round < MAX_BLOCKING_ROUNDS; round += 1) {
    const root = recorded && isSameProcess(recorded, mark) ? recorded.pid : null;
    const pids = findProcessTree(mark, root);
    if (pids.length === 0) break;
    if (round === 0) found = pids;
    signalProcesses(root === null ? pids : [-root, ...pids], 'SIGKILL');
    Bun.sleepSync(1);
  }
  return found;
}

function findProcesses(mark: string, root: number | null): TreeProcess[] {
  if (!isLinux) return root !== null && canSignal(-root) ? [{ pid: -root, group: root }] : [];
  const rows = listProcesses();
  const tree = new Map<number, TreeProcess>();
  for (const row of rows) {
    const isRelated = root !== null && (row.group === root || row.session === root);
    if (isRelated || hasMark(row.pid, mark)) tree.set(row.pid, row);
  }
  let hasGrown = true;
  while (hasGrown) {
    const children = rows.filter((row) => tree.has(row.parent) && !tree.has(row.pid));
    for (const child of children) tree.set(child.pid, child);
    hasGrown = children.length > 0;
  }
  return [...tree.values()];
}

/** On systems other than Linux, the environment cannot be read, so the start time alone decides. */
function isSameProcess({ pid, start }: ProcessIdentity, mark: string): boolean {
  return startTimeOf(pid) === start && (!isLinux || hasMark(pid, mark));
}
