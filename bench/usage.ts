// CPU time and memory of a process, from /proc.
import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;
const KILOBYTES_PER_MEGABYTE = 1_024;
const SAMPLE_MS = 50;
/** The fields of /proc/PID/stat after the name of the program, counted from 0. */
const STAT_FIELD = { userTicks: 11, systemTicks: 12 } as const;

export interface Usage {
  cpuSeconds: number;
  /** The maximum of the resident memory during the measurement. */
  peakMegabytes: number;
}

/** CPU seconds of all threads. */
export function readCpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[STAT_FIELD.userTicks]) + Number(fields[STAT_FIELD.systemTicks]);
  return ticks / TICKS_PER_SECOND;
}

export function readResidentMegabytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / KILOBYTES_PER_MEGABYTE;
}

/** Measures what a process uses while `work` runs. */
export async function measureUsage<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<{ result: T } & Usage> {
  const before = readCpuSeconds(pid);
  let peakMegabytes = readResidentMegabytes(pid);
  const timer = setInterval(() => {
    peakMegabytes = Math.max(peakMegabytes, readResidentMegabytes(pid));
  }, SAMPLE_MS);
  try {
    const result = await work();
    peakMegabytes = Math.max(peakMegabytes, readResidentMegabytes(pid));
    return { result, cpuSeconds: readCpuSeconds(pid) - before, peakMegabytes };
  } finally {
    clearInterval(timer);
  }
}
