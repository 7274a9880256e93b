// Broadcasts are compressed once, for the dashboards that accept it (protocol.md, "Compression").
import { expect, test } from 'bun:test';
import { inflateRawSync } from 'node:zlib';
import { createCompressor } from '../../src/hub/compressor.ts';
import { connectBareDashboard, connectDashboard } from '../support/hub/dashboard.ts';
import { createStage } from '../support/hub/stage.ts';

const LONG = 'a line of output, again and again\n'.repeat(200);

test('a dashboard that accepts deflate-raw gets the same as one that does not', async () => {
  await using on = await createStage();
  const squeezed = await connectDashboard(on.hub, { accept: ['deflate-raw'] });
  const strange = await connectDashboard(on.hub, { accept: ['zstd'] });
  const id = await on.running();
  on.agent.output(id, LONG);
  on.agent.output(id, 'short', 'stderr');
  on.agent.finish(id);
  for (const dashboard of [on.dashboard, squeezed, strange]) {
    await dashboard.complete(id);
    await dashboard.status(id, 'completed');
    expect(dashboard.text(id)).toBe(`${LONG}short`);
    expect(dashboard.statuses(id)).toEqual(['queued', 'running', 'completed']);
    expect(dashboard.sequences(id)).toEqual([0, 1]);
  }
  expect(squeezed.binaryFrames()).toBe(1);
  expect([on.dashboard.binaryFrames(), strange.binaryFrames()]).toEqual([0, 0]);
});

test('where compression fails, the same frames go out plain and flagged, with one warning', async () => {
  const deflate = () => {
    throw new Error('out of memory');
  };
  await using on = await createStage({ deflate, dashboard: { accept: ['deflate-raw'] } });
  const id = await on.running();
  on.agent.output(id, LONG);
  on.agent.output(id, LONG, 'stderr');
  on.agent.finish(id);
  await on.dashboard.complete(id);
  expect(on.dashboard.text(id)).toBe(LONG + LONG);
  expect(on.dashboard.binaryFrames()).toBe(2);
  const warnings = on.hub.log.filter(({ message }) => message.startsWith('Compression failed'));
  expect(warnings).toHaveLength(1);
});

test('frames of up to 1 KB stay text; longer ones are one flag byte and raw deflate', () => {
  const log = { info() {}, warn() {}, error() {} };
  const compress = createCompressor(log);
  const short = 'x'.repeat(1_024);
  expect(compress(short)).toBe(short);
  const frame = compress(`${short}é`);
  if (typeof frame === 'string') throw new Error('not compressed');
  expect(frame[0]).toBe(1);
  expect(inflateRawSync(frame.subarray(1)).toString()).toBe(`${short}é`);
});

test('a slow dashboard that accepts it loses nothing and gets nothing twice', async () => {
  await using on = await createStage();
  const slow = await connectBareDashboard(on.hub, { accept: ['deflate-raw'] });
  const { connectionId } = await slow.find('dashboard:welcome');
  const id = await on.running();
  slow.wire.pause();
  let sent = 0;
  const connection = on.hub.hub.state.dashboards.get(connectionId);
  while (connection?.subscriptions.get(id)?.isLive !== false) {
    for (let i = 0; i < 20; i++) {
      on.agent.output(id, crypto.getRandomValues(new Uint8Array(5_000)).toHex());
    }
    sent += 20;
    await on.agent.acked(id, sent);
  }
  slow.wire.resume();
  on.agent.finish(id);
  await Promise.all([slow.complete(id), on.dashboard.complete(id)]);
  expect(slow.text(id)).toBe(on.dashboard.text(id));
});
