// Combines the runners of an agent: their capabilities, their notices, and the choice of a runner for each command.
import type { Clock } from '../protocol/clock.ts';
import { NOTICE_LENGTH, RUNNER_NAME_LENGTH } from '../protocol/limits.ts';
import { limitCapabilities, omissionNotice } from './capability-limits.ts';
import type { Runner } from './runner.ts';
import { sleep } from './sleep.ts';
import { truncate } from './truncate.ts';

/** How long to wait for runners that are starting, in milliseconds. */
const READY_TIMEOUT_MS = 15_000;

export type RunnerSet = ReturnType<typeof createRunnerSet>;

export function createRunnerSet(
  runners: readonly Runner[],
  clock: Clock,
  log: (line: string) => void,
) {
  let hasWarned = false;

  const limited = () => limitCapabilities(runners.flatMap((runner) => runner.capabilities()));

  function warnOnce(warning: string): void {
    if (!hasWarned) log(warning);
    hasWarned = true;
  }

  return {
    capabilities: (): string[] => limited().capabilities,

    /** Returns the first runner that has a capability. */
    find: (capability: string): Runner | undefined =>
      runners.find((runner) => runner.capabilities().includes(capability)),

    /** The capabilities to send to the hub, with a notice if some are missing: one line for each problem. */
    announcement(): { capabilities: string[]; notice?: string } {
      const { capabilities, omittedCount } = limited();
      const notices = runners.flatMap((runner) => runner.notice?.() ?? []);
      if (omittedCount > 0) {
        const omission = omissionNotice(omittedCount);
        warnOnce(omission);
        notices.push(omission);
      }
      if (notices.length === 0) return { capabilities };
      return { capabilities, notice: truncate(notices.join('\n'), NOTICE_LENGTH) };
    },

    /** The name that is reported to the hub. */
    name: truncate(runners[0]?.name ?? 'none', RUNNER_NAME_LENGTH),

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
