// Measures how long other users wait for the hub while a test attacks it.
import { expect } from 'bun:test';
import { join } from 'node:path';
import { startProcess } from './processes.ts';

/** What a person notices. */
const NOTICEABLE_MS = 1_000;
/** How much slower than the idle hub an attacked one may be. On a machine with other work, requests are slow anyway. */
const FACTOR = 5;
const IDLE_SAMPLES = 40;
const MIN_SAMPLES = 20;

interface Sample {
  startedAt: number;
  endedAt: number;
  status: number;
}

const durationOf = ({ startedAt, endedAt }: Sample) => endedAt - startedAt;

/**
 * Starts to request the list of agents, again and again, and measures the hub while it is idle.
 * @param headers those of a user
 */
export async function startLatencyProbe(url: string, headers: Record<string, string>) {
  const script = join(import.meta.dir, 'latency-process.ts');
  const probe = startProcess([
    process.execPath,
    script,
    `${url}/api/v1/agents`,
    headers['authorization'] ?? '',
  ]);
  const read = (): Sample[] =>
    Array.from(
      probe.output().matchAll(/^(\d+) (\d+) (\d+)\n/gm),
      ([, startedAt, endedAt, status]) => ({
        startedAt: Number(startedAt),
        endedAt: Number(endedAt),
        status: Number(status),
      }),
    );
  const waitForSamples = (count: number) =>
    probe.waitForOutput(new RegExp(`^(\\d+ \\d+ \\d+\\n){${count}}`));

  await waitForSamples(IDLE_SAMPLES);
  const idle = read();

  return {
    /**
     * Runs an attack, again and again until enough requests have been measured. Fails if they were slow meanwhile.
     * @returns the result of the first run
     */
    async expectNoDelay<T>(attack: () => Promise<T>): Promise<T> {
      const before = read().length;
      const result = await attack();
      while (read().length < before + MIN_SAMPLES) await attack();
      // The last request of the attack may still wait.
      await waitForSamples(read().length + 1);
      const samples = read().slice(before);
      expect(samples.filter(({ status }) => status !== 200)).toEqual([]);
      expectNotSlower(idle.map(durationOf), samples.map(durationOf));
      return result;
    },
    async stop() {
      probe.kill('SIGKILL');
      await probe.exited;
    },
  };
}

/** Compares durations during an attack with those before it: the slowest one, and the usual one. */
export function expectNotSlower(idle: number[], attacked: number[]): void {
  expect(attacked.length).toBeGreaterThanOrEqual(MIN_SAMPLES);
  expect(Math.max(...attacked)).toBeLessThan(Math.max(NOTICEABLE_MS, FACTOR * Math.max(...idle)));
  expect(medianOf(attacked)).toBeLessThan(Math.max(NOTICEABLE_MS / 4, FACTOR * medianOf(idle)));
}

function medianOf(durations: number[]): number {
  const sorted = durations.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
