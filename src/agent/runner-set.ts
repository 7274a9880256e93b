// Combines the runners of an agent: their capabilities, their notices, and the choice of a runner for each command.
import type { Clock } from '../protocol/clock.ts';
import type { Runner } from './runner.ts';
import { sleep } from './sleep.ts';

/** How long to wait for runners that are starting, in milliseconds. */
const READY_TIMEOUT_MS = 15_000;
const MAX_NOTICE_LENGTH = 1_024;

export type RunnerSet = ReturnType<typeof createRunnerSet>;

export function createRunnerSet(runners: readonly Runner[], clock: Clock) {
  return {
    capabilities: (): string[] => [...new Set(runners.flatMap((runner) => runner.capabilities()))],

    /** Returns the first runner that has a capability. */
    find: (capability: string): Runner | undefined =>
      runners.find((runner) => runner.capabilities().includes(capability)),

    /** The notices of all runners, one per line; undefined if there are none. */
    notice(): string | undefined {
      const notices = runners.flatMap((runner) => runner.notice?.() ?? []);
      return notices.length > 0 ? notices.join('\n').slice(0, MAX_NOTICE_LENGTH) : undefined;
    },

    /** The name that is reported to the hub. */
    name: runners[0]?.name ?? 'none',

    /** Resolves when all capabilities are known, or after 15 s; null if they are known already. */
    ready(): Promise<unknown> | null {
      const starting = runners.flatMap((runner) => runner.ready ?? []);
      if (starting.length === 0) return null;
      return Promise.race([Promise.all(starting), sleep(clock, READY_TIMEOUT_MS)]);
    },

    subscribe(onChange: () => void): void {
      for (const runner of runners) runner.subscribe?.(onChange);
    },

    async close(): Promise<void> {
      for (const runner of runners) await runner.close?.();
    },
  };
}
