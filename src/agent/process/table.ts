// Who is running: what a command started, wherever it went, and whether a process is still the one that was noted.
// On Linux /proc tells; elsewhere `ps` tells start times, and only the process group can be found.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly start: string;
}

/** The environment variable that marks everything a command starts. */
export const MARK_VARIABLE = 'SIGNALBOX_COMMAND_ID';

/** A process that belongs to a command. */
export interface ProcessTreeMember {
  readonly pid: number;
  readonly group: number;
}

interface ProcessRow extends ProcessTreeMember {
  parent: number;
  session: number;
  state: string;
  start: string;
}

const isLinux = process.platform === 'linux';

/** When a process started, in words that no later process of the same number shares; null where there is none. */
export function startTimeOf(pid: number): string | null {
  if (!isLinux) return startByPs(pid);
  const row = rowOf(pid);
  return row && `${readText('/proc/sys/kernel/random/boot_id').trim()}/${row.start}`;
}

/** Whether a process has not ended: one that waits to be reaped has. */
export function isAlive(pid: number): boolean {
  if (isLinux) return rowOf(pid)?.state.match(/[ZX]/) === null;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Everything a command started that still runs: its process group and session, what descends from them, and what
 * carries its mark in the environment.
 * @param leader the command's first process, or null where only the mark counts
 */
export function findProcessTree(commandId: string, leader: number | null): ProcessTreeMember[] {
  if (!isLinux) {
    return leader !== null && groupExists(leader) ? [{ pid: -leader, group: leader }] : [];
  }
  const rows = processRows().filter((row) => !/[ZX]/.test(row.state) && row.pid !== process.pid);
  const family = new Map<number, ProcessTreeMember>();
  for (const row of rows) {
    const inGroup = leader !== null && (row.group === leader || row.session === leader);
    if (inGroup || hasMark(row.pid, commandId)) family.set(row.pid, row);
  }
  let grew = true;
  while (grew) {
    const children = rows.filter((row) => family.has(row.parent) && !family.has(row.pid));
    for (const child of children) family.set(child.pid, child);
    grew = children.length > 0;
  }
  return [...family.values()];
}

/** Whether a process carries a command's mark. */
export function hasMark(pid: number, commandId: string): boolean {
  return `\0${readText(`/proc/${pid}/environ`)}`.includes(`\0${MARK_VARIABLE}=${commandId}\0`);
}

/** Those that have one of these files open, named as /proc names them. */
export function findProcessesWithOpenFile(files: readonly string[]): number[] {
  if (!isLinux) return [];
  return allPids().filter(
    (pid) => pid !== process.pid && openFiles(pid).some((file) => files.includes(file)),
  );
}

/** What a file descriptor of a process is, as /proc names it; null where nobody can tell. */
export function descriptorTarget(pid: number | 'self', descriptor: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
  } catch {
    return null;
  }
}

/** Signals processes one by one; those that are gone, or not ours to signal, are passed over. */
export function signalProcesses(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      continue;
    }
  }
}

/** Signals everything a command started: its group in one go, so that no child slips through, and each stray. */
export function signalProcessTree(commandId: string, leader: number, signal: NodeJS.Signals): void {
  const strays = findProcessTree(commandId, leader).filter((member) => member.group !== leader);
  signalProcesses([-leader, ...strays.map((member) => member.pid)], signal);
}

function groupExists(leader: number): boolean {
  try {
    process.kill(-leader, 0);
    return true;
  } catch {
    return false;
  }
}

function allPids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

function processRows(): ProcessRow[] {
  return allPids()
    .map(rowOf)
    .filter((row) => row !== null);
}

/** Reads /proc/…/stat. The name, in parentheses, may itself have spaces and parentheses. */
function rowOf(pid: number): ProcessRow | null {
  const stat = readText(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group, session] = fields;
  const start = fields[19];
  if (!state || !start) return null;
  return {
    pid,
    state,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    start,
  };
}

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap(
      (descriptor) => descriptorTarget(pid, Number(descriptor)) ?? [],
    );
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function startByPs(pid: number): string | null {
  const { stdout } = Bun.spawnSync(['ps', '-o', 'lstart=', '-p', String(pid)]);
  return stdout.toString().trim() || null;
}
