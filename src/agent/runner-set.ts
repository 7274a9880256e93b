// Combines the runners of an agent: their capabilities, their notices, and the choice of a runner for each command.
import type { AgentCapabilities } from '../protocol/agent-to-hub.ts';
import type { Clock } from '../protocol/clock.ts';
import { DESCRIPTION_LENGTH, NOTICE_LENGTH, RUNNER_NAME_LENGTH } from '../protocol/limits.ts';
import { limitCapabilities, omissionNotice } from './capability-limits.ts';
import type { Runner } from './runner.ts';
import { sleep } from './sleep.ts';
import { truncate } from './truncate.ts';

/** How long to wait for runners that are starting, in milliseconds. */
const READY_TIMEOUT_MS = 15_000;

/** What the agent sends to the hub about its capabilities. */
type Announcement = Pick<AgentCapabilities, 'capabilities' | 'descriptions' | 'notice'>;

export type RunnerSet = ReturnType<typeof createRunnerSet>;

export function createRunnerSet(
  runners: readonly Runner[],
  clock: Clock,
  log: (line: string) => void,
  /** What the agent itself can do. */
  ownCapabilities: readonly string[] = [],
) {
  let hasWarned = false;

  const limited = () =>
    limitCapabilities([...runners.flatMap((runner) => runner.capabilities()), ...ownCapabilities]);

  /** The descriptions of these capabilities, each in one line. */
  function describe(capabilities: readonly string[]): Record<string, string> {
    const all = Object.assign({}, ...runners.map((runner) => runner.descriptions?.() ?? {}));
    const described = capabilities.flatMap((name): [string, string][] => {
      const text = String(all[name] ?? '')
        .replaceAll(/\s+/g, ' ')
        .trim();
      return text === '' ? [] : [[name, truncate(text, DESCRIPTION_LENGTH)]];
    });
    return Object.fromEntries(described);
  }

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
    announcement(): Announcement {
      const { capabilities, omittedCount } = limited();
      const descriptions = describe(capabilities);
      const announced = {
        capabilities,
        ...(Object.keys(descriptions).length > 0 && { descriptions }),
      };
      const notices = runners.flatMap((runner) => runner.notice?.() ?? []);
      if (omittedCount > 0) {
        const omission = omissionNotice(omittedCount);
        warnOnce(omission);
        notices.push(omission);
      }
      if (notices.length === 0) return announced;
      return { ...announced, notice: truncate(notices.join('\n'), NOTICE_LENGTH) };
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
