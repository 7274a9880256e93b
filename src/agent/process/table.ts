// The operating system's process table. Linux provides it in /proc. On other systems `ps` provides start times only;
// environments and open files cannot be read there.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Identifies a process even after its PID has been reused. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly start: string;
}

export interface ProcessRow {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly start: string;
}

/** The environment variable that marks everything a command starts. */
export const MARK_VARIABLE = 'SIGNALBOX_COMMAND_ID';

export const isLinux = process.platform === 'linux';

/** When a process started, in a form that distinguishes it from later processes with its PID; null if not found. */
export function startTimeOf(pid: number): string | null {
  if (!isLinux) return startTimeFromPs(pid);
  const row = readRow(pid);
  return row && `${readText('/proc/sys/kernel/random/boot_id').trim()}/${row.start}`;
}

/** Whether a process is running. A zombie is not. */
export function isAlive(pid: number): boolean {
  if (isLinux) {
    const row = readRow(pid);
    return row !== null && isRunning(row);
  }
  return canSignal(pid);
}

/** Every running process except this one. Linux only. */
export function listProcesses(): ProcessRow[] {
  return listPids()
    .map(readRow)
    .filter((row) => row !== null)
    .filter(isRunning);
}

/** Whether a process has this mark in its environment. */
export function hasMark(pid: number, mark: string): boolean {
  return `\0${readText(`/proc/${pid}/environ`)}`.includes(`\0${MARK_VARIABLE}=${mark}\0`);
}

/** Whether a process exists and may be signaled. A negative PID stands for a process group. */
export function canSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The processes that have one of these files open. Empty on systems other than Linux. */
export function findProcessesWithOpenFile(files: readonly string[]): number[] {
  if (!isLinux) return [];
  return listPids().filter((pid) => listOpenFiles(pid).some((file) => files.includes(file)));
}

/** The file behind a process's descriptor, as named in /proc; null if it cannot be read. */
export function descriptorTarget(pid: number | 'self', descriptor: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
  } catch {
    return null;
  }
}

function isRunning({ state }: ProcessRow): boolean {
  return state !== 'Z' && state !== 'X';
}

function listPids(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid);
}

/** Parses /proc/PID/stat. The program's name is in parentheses and may contain spaces and parentheses itself. */
function readRow(pid: number): ProcessRow | null {
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

function listOpenFiles(pid: number): string[] {
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

function startTimeFromPs(pid: number): string | null {
  const { stdout } = Bun.spawnSync(['ps', '-o', 'lstart=', '-p', String(pid)]);
  return stdout.toString().trim() || null;
}
