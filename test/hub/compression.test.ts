// Broadcasts are compressed once, for the dashboards that accept it (protocol.md, "Compression").
import { expect, test } from 'bun:test';
import { inflateRawSync } from 'node:zlib';
import { createCompressor } from '../../src/hub/compressor.ts';
import { connectDashboard, connectManualDashboard } from '../support/hub/dashboard.ts';
import { startHubFixture } from '../support/hub/hub-fixture.ts';

const LONG = 'a line of output, again and again\n'.repeat(200);

test('a dashboard that accepts deflate-raw gets the same as one that does not', async () => {
  await using on = await startHubFixture();
  const squeezed = await connectDashboard(on.hub, { accept: ['deflate-raw'] });
  const strange = await connectDashboard(on.hub, { accept: ['zstd'] });
  const id = await on.startCommand();
  on.agent.sendOutput(id, LONG);
  on.agent.sendOutput(id, 'short', 'stderr');
  on.agent.sendFinished(id);
  for (const dashboard of [on.dashboard, squeezed, strange]) {
    await dashboard.waitForComplete(id);
    await dashboard.waitForStatus(id, 'completed');
    expect(dashboard.outputOf(id)).toBe(`${LONG}short`);
    expect(dashboard.statusesOf(id)).toEqual(['queued', 'running', 'completed']);
    expect(dashboard.sequencesOf(id)).toEqual([0, 1]);
  }
  expect(squeezed.countBinaryFrames()).toBe(1);
  expect([on.dashboard.countBinaryFrames(), strange.countBinaryFrames()]).toEqual([0, 0]);
});

test('where compression fails, the same frames go out plain and flagged, with one warning', async () => {
  const deflate = () => {
    throw new Error('out of memory');
  };
  await using on = await startHubFixture({ deflate, dashboard: { accept: ['deflate-raw'] } });
  const id = await on.startCommand();
  on.agent.sendOutput(id, LONG);
  on.agent.sendOutput(id, LONG, 'stderr');
  on.agent.sendFinished(id);
  await on.dashboard.waitForComplete(id);
  expect(on.dashboard.outputOf(id)).toBe(LONG + LONG);
  expect(on.dashboard.countBinaryFrames()).toBe(2);
  const warnings = on.hub.logEntries.filter(({ message }) =>
    message.startsWith('Compression failed'),
  );
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
  await using on = await startHubFixture();
  const slow = await connectManualDashboard(on.hub, { accept: ['deflate-raw'] });
  const { connectionId } = await slow.waitFor('dashboard:welcome');
  const id = await on.startCommand();
  slow.pause();
  let sent = 0;
  const connection = on.hub.hub.state.dashboards.get(connectionId);
  while (connection?.subscriptions.get(id)?.state !== 'replay') {
    for (let i = 0; i < 20; i++) {
      on.agent.sendOutput(id, crypto.getRandomValues(new Uint8Array(5_000)).toHex());
    }
    sent += 20;
    await on.agent.waitForAck(id, sent);
  }
  slow.resume();
  on.agent.sendFinished(id);
  await Promise.all([slow.waitForComplete(id), on.dashboard.waitForComplete(id)]);
  expect(slow.outputOf(id)).toBe(on.dashboard.outputOf(id));
});
