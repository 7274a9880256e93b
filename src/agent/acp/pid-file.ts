// Records on disk which processes are running for an AI program. After a crash the next agent process kills them.
import { readFileSync, writeFileSync } from 'node:fs';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { startTimeOf } from '../process/table.ts';
import { killLeftovers } from '../process/tree.ts';

const Entries = Type.Array(
  Type.Object({
    mark: Type.String(),
    pid: Type.Integer(),
    start: Type.Union([Type.String(), Type.Null()]),
  }),
);

export type PidFile = ReturnType<typeof openPidFile>;

/** Kills the processes that an earlier agent process left running. */
export function openPidFile(path: string, log: (line: string) => void) {
  const running = new Map<string, { pid: number; start: string | null }>();

  for (const { mark, pid, start } of readEntries(path)) {
    const pids = killLeftovers(mark, start === null ? null : { pid, start });
    if (pids.length > 0) log(`killed processes left by a crash: ${pids.join(', ')}`);
  }
  write();

  function write(): void {
    const entries = [...running].map(([mark, { pid, start }]) => ({ mark, pid, start }));
    writeFileSync(path, JSON.stringify(entries), { mode: 0o600 });
  }

  return {
    /** @param mark the mark in the environment of the process and its descendants */
    add(mark: string, pid: number): void {
      running.set(mark, { pid, start: startTimeOf(pid) });
      write();
    },
    remove(mark: string): void {
      if (running.delete(mark)) write();
    },
  };
}

function readEntries(path: string) {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Value.Check(Entries, value) ? value : [];
  } catch {
    return [];
  }
}
