// A hub of a round that runs in this process, with a clock that can jump.
import { startTestHub, type TestHub } from '../../support/hub/hub.ts';
import type { HubUnderTest } from './hub-under-test.ts';

/** How often the hub's clock is advanced to match the system clock. */
const TICK_MS = 20;

export async function startInProcessHub(bufferMemoryMb: number): Promise<HubUnderTest> {
  let current: TestHub = await startTestHub({
    onDisk: true,
    settings: { bufferMemoryBytes: bufferMemoryMb * 1_048_576 },
  });
  const epochStarts = new Map<string, number>();
  const logs: TestHub['logEntries'][] = [];
  let lastTick = Date.now();
  const ticker = setInterval(() => {
    const now = Date.now();
    current.clock.advance(now - lastTick);
    lastTick = now;
  }, TICK_MS);

  function adopt(hub: TestHub) {
    current = hub;
    epochStarts.set(hub.hub.epoch, hub.clock.now());
    logs.push(hub.logEntries);
  }
  adopt(current);

  return {
    port: () => current.port,
    issueToken: () => current.issueToken(),
    addAgent: (agentId) => current.addAgent(agentId),
    kill: async () => adopt(await current.crash()),
    restart: async () => adopt(await current.restart()),
    freeze() {},
    resume() {},
    jumpClock(ms) {
      if (ms < 0) current.clock.jump(ms);
      else current.clock.advance(ms);
    },
    now: () => current.clock.now(),
    epochStart: (hubEpoch) => epochStarts.get(hubEpoch) ?? 0,
    async stop() {
      await current.flush();
      return current.file;
    },
    async dispose() {
      clearInterval(ticker);
      await current[Symbol.asyncDispose]();
    },
    errors: () =>
      logs.flat().flatMap(({ level, message, fields }) => {
        const text = `${message} ${JSON.stringify(fields)}`;
        // A crashed hub keeps running for a moment in this process, without its database.
        return level === 'error' && !text.includes('Database has closed') ? [text] : [];
      }),
    log: () =>
      logs
        .flat()
        .map(({ level, message, fields }) => `${level} ${message} ${JSON.stringify(fields)}`)
        .join('\n'),
  };
}
