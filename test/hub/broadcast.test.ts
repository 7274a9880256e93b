// Which dashboards make the hub compress (docs/protocol.md, "Compression").
import { expect, test } from 'bun:test';
import { deflateRawSync } from 'node:zlib';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { startHubFixture } from '../support/hub/hub-fixture.ts';

const LONG = 'a line of output that repeats itself\n'.repeat(200);

function createCountingDeflate() {
  let calls = 0;
  return {
    count: () => calls,
    deflate(bytes: Uint8Array) {
      calls += 1;
      return deflateRawSync(bytes);
    },
  };
}

test('output is compressed only for a command that such a dashboard is subscribed to', async () => {
  const { count, deflate } = createCountingDeflate();
  await using fixture = await startHubFixture({ deflate });
  const { hub, agent, dashboard } = fixture;
  const accepting = await connectDashboard(hub, { accept: ['deflate-raw'], terminals: 'attached' });
  const id = await fixture.startCommand();
  agent.sendOutput(id, LONG);
  await dashboard.waitUntil(() => dashboard.outputOf(id) === LONG || undefined, 'the output');
  expect(count()).toBe(0);

  accepting.send({ type: 'terminal:attach', commandId: id });
  await accepting.waitUntil(() => accepting.outputOf(id) === LONG || undefined, 'the replay');
  expect(accepting.countBinaryFrames()).toBe(1);
  agent.sendOutput(id, LONG, 'stderr');
  await accepting.waitUntil(() => accepting.outputOf(id) === LONG + LONG || undefined, 'live');
  expect(accepting.countBinaryFrames()).toBe(2);
  expect(count()).toBe(2);
});

test('a frame is compressed by its size in bytes', async () => {
  await using fixture = await startHubFixture({ dashboard: { accept: ['deflate-raw'] } });
  const { agent, dashboard } = fixture;
  const id = await fixture.startCommand();
  // 600 UTF-16 code units, 1,800 bytes.
  const text = '语'.repeat(600);
  agent.sendOutput(id, text);
  await dashboard.waitUntil(() => dashboard.outputOf(id) === text || undefined, 'the output');
  expect(dashboard.countBinaryFrames()).toBe(1);
});

test('output that is no longer held is a gap from where the dashboard stopped', async () => {
  await using fixture = await startHubFixture({
    settings: { bufferMemoryBytes: 1, transcriptRetentionMs: 0 },
  });
  const { hub, agent, dashboard } = fixture;
  const id = await fixture.startCommand();
  for (const stream of ['stdout', 'stderr', 'stdout'] as const) agent.sendOutput(id, 'x', stream);
  agent.sendFinished(id);
  await dashboard.waitForComplete(id);
  for (let i = 0; i < 3; i += 1) await hub.advance(1_000, agent, dashboard);
  const late = await connectDashboard(hub, { terminals: 'attached' });
  late.send({ type: 'terminal:attach', commandId: id, afterSequence: 0 });
  await late.waitForComplete(id);
  expect(late.ofType('terminal:gap')).toMatchObject([
    { fromSequence: 1, toSequence: 3, bytes: 0, reason: 'expired' },
  ]);
});
