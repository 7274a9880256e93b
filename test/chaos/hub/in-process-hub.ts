// A hub of a round that runs in this process, with a clock that can jump and a store that can fail.
import { startTestHub, type TestHub } from '../../support/hub/hub.ts';
import { readSqliteRows } from '../rows.ts';
import type { HubProcess, HubUnderTest } from './hub-under-test.ts';

/** How often the hub's clock is advanced to match the system clock. */
const TICK_MS = 20;
/** Longer than the hub waits before it repeats a failed write. */
const RETRY_MS = 1_100;
/** Shorter than the longest clock jump, so that queued commands expire. */
const QUEUE_TTL_MS = 12 * 3_600_000;

export async function startInProcessHub(bufferMemoryMb: number): Promise<HubUnderTest> {
  let current: TestHub = await startTestHub({
    onDisk: true,
    settings: { bufferMemoryBytes: bufferMemoryMb * 1_048_576, queueTtlMs: QUEUE_TTL_MS },
  });
  const epochStarts = new Map<string, number>();
  const logs: TestHub['logEntries'][] = [];
  const failures = new Set<(call: string) => boolean>();
  let lastTick = Date.now();
  const ticker = setInterval(() => {
    const now = Date.now();
    current.clock.advance(now - lastTick);
    lastTick = now;
  }, TICK_MS);

  function adopt(hub: TestHub) {
    current = hub;
    hub.store.fail((call) => [...failures].some((fails) => fails(call)));
    epochStarts.set(hub.hub.epoch, hub.clock.now());
    logs.push(hub.logEntries);
  }
  adopt(current);

  const hubProcess: HubProcess = {
    isUp: () => true,
    async kill() {
      failures.clear();
      adopt(await current.crash());
    },
    async restart() {
      failures.clear();
      adopt(await current.restart());
    },
    killStoreThread() {
      throw new Error('This store has no threads.');
    },
    freeze() {},
    resume() {},
  };

  return {
    processes: [hubProcess],
    processAt: () => hubProcess,
    port: () => current.port,
    issueToken: () => current.issueToken(),
    addAgent: (agentId) => current.addAgent(agentId),
    jumpClock(ms) {
      if (ms < 0) current.clock.jump(ms);
      else current.clock.advance(ms);
    },
    failStore(calls) {
      const first = Promise.withResolvers<void>();
      let count = 0;
      function fails(call: string): boolean {
        if (!calls.includes(call)) return false;
        count += 1;
        first.resolve();
        return true;
      }
      failures.add(fails);
      return {
        hasFailed: first.promise,
        end() {
          failures.delete(fails);
          return count;
        },
      };
    },
    now: () => current.clock.now(),
    epochStart: (hubEpoch) => epochStarts.get(hubEpoch) ?? 0,
    async stop() {
      current.clock.advance(RETRY_MS);
      await current.flush();
      return readSqliteRows(current.file);
    },
    async dispose() {
      clearInterval(ticker);
      await current[Symbol.asyncDispose]();
    },
    errors: () =>
      logs.flat().flatMap(({ level, message, fields }) => {
        const text = `${message} ${JSON.stringify(fields)}`;
        // A crashed hub keeps running for a moment in this process, without its database.
        const isExpected = /Database has closed|disk full: |has not responded/.test(text);
        return level === 'error' && !isExpected ? [text] : [];
      }),
    log: () =>
      logs
        .flat()
        .map(({ level, message, fields }) => `${level} ${message} ${JSON.stringify(fields)}`)
        .join('\n'),
  };
}
