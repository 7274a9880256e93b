// What an AI's program and its commands are called among the processes, noted on disk while they run: an agent that
// starts after a crash ends them before it does anything else.
import { readFileSync, writeFileSync } from 'node:fs';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { findProcessTree, signalProcesses, startTimeOf } from '../process/table.ts';

const Noted = Type.Object({
  mark: Type.String(),
  pid: Type.Integer(),
  start: Type.Union([Type.String(), Type.Null()]),
});

const ROUNDS = 50;

export type PidFile = ReturnType<typeof openPidFile>;

/** Ends what an earlier process of this agent left running. */
export function openPidFile(file: string, log: (line: string) => void) {
  const running = new Map<string, { pid: number; start: string | null }>();

  for (const { mark, pid, start } of readNoted(file)) {
    const leader = start !== null && startTimeOf(pid) === start ? pid : null;
    endFamily(mark, leader, log);
  }
  write();

  function write(): void {
    const all = [...running].map(([mark, { pid, start }]) => ({ mark, pid, start }));
    writeFileSync(file, JSON.stringify(all), { mode: 0o600 });
  }

  return {
    /** @param mark what is in the environment of the process and of all that it starts */
    add(mark: string, pid: number): void {
      running.set(mark, { pid, start: startTimeOf(pid) });
      write();
    },
    remove(mark: string): void {
      if (running.delete(mark)) write();
    },
  };
}

function endFamily(mark: string, leader: number | null, log: (line: string) => void): void {
  for (let round = 0; round < ROUNDS; round += 1) {
    const pids = findProcessTree(mark, leader).map((member) => member.pid);
    if (pids.length === 0) return;
    if (round === 0) log(`left running by a crash, and ended now: ${pids.join(', ')}`);
    signalProcesses(pids, 'SIGKILL');
    Bun.sleepSync(1);
  }
}

function readNoted(file: string) {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Value.Check(Type.Array(Noted), value) ? value : [];
  } catch {
    return [];
  }
}
