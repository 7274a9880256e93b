// Broadcasts are compressed once, for the dashboards that accept it (docs/protocol.md, "Compression").
import { expect, test } from 'bun:test';
import { inflateRawSync } from 'node:zlib';
import { createCompressor } from '../../src/hub/compressor.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { startHubFixture } from '../support/hub/hub-fixture.ts';

const LONG = 'a line of output that repeats itself\n'.repeat(200);

test('a dashboard that accepts deflate-raw receives the same messages as one that does not', async () => {
  await using fixture = await startHubFixture();
  const compressed = await connectDashboard(fixture.hub, { accept: ['deflate-raw'] });
  const unsupported = await connectDashboard(fixture.hub, { accept: ['zstd'] });
  const id = await fixture.startCommand();
  fixture.agent.sendOutput(id, LONG);
  fixture.agent.sendOutput(id, 'short', 'stderr');
  fixture.agent.sendFinished(id);
  for (const dashboard of [fixture.dashboard, compressed, unsupported]) {
    await dashboard.waitForComplete(id);
    await dashboard.waitForStatus(id, 'completed');
    expect(dashboard.outputOf(id)).toBe(`${LONG}short`);
    expect(dashboard.statusesOf(id)).toEqual(['queued', 'running', 'completed']);
    expect(dashboard.sequencesOf(id)).toEqual([0, 1]);
  }
  expect(compressed.countBinaryFrames()).toBe(1);
  expect([fixture.dashboard.countBinaryFrames(), unsupported.countBinaryFrames()]).toEqual([0, 0]);
});

test('if compression fails, frames are sent plain and flagged, with one warning', async () => {
  const deflate = () => {
    throw new Error('out of memory');
  };
  await using fixture = await startHubFixture({ deflate, dashboard: { accept: ['deflate-raw'] } });
  const id = await fixture.startCommand();
  fixture.agent.sendOutput(id, LONG);
  fixture.agent.sendOutput(id, LONG, 'stderr');
  fixture.agent.sendOutput(id, LONG);
  fixture.agent.sendFinished(id);
  await fixture.dashboard.waitForComplete(id);
  expect(fixture.dashboard.outputOf(id)).toBe(LONG + LONG + LONG);
  expect(fixture.dashboard.countBinaryFrames()).toBe(3);
  const warnings = fixture.hub.logEntries.filter(({ message }) =>
    message.startsWith('Compression failed'),
  );
  expect(warnings).toHaveLength(1);
});

test('frames of up to 1 KB are text, and longer ones a flag byte and raw deflate', () => {
  const log = { info() {}, warn() {}, error() {} };
  const compress = createCompressor(log);
  const short = 'x'.repeat(1_024);
  expect(compress(short)).toBe(short);
  const frame = compress(`${short}é`);
  if (typeof frame === 'string') throw new Error('not compressed');
  expect(frame[0]).toBe(1);
  expect(inflateRawSync(frame.subarray(1)).toString()).toBe(`${short}é`);
});
