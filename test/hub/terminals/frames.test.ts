// Chunks are encoded and compressed once for all dashboards, and their frames are freed when no dashboard needs them.
import { expect, test } from 'bun:test';
import { deflateRawSync } from 'node:zlib';
import { createFrames } from '../../../src/hub/terminals/frames.ts';
import { CHUNK_BYTES } from '../../../src/protocol/limits.ts';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';

const LINE = `${'x'.repeat(CHUNK_BYTES - 1)}\n`;

const bufferOf = (commandId: string, first = 0) => ({ commandId, firstSequence: () => first });
const a = bufferOf('a');
const b = bufferOf('b');

const chunkOf = (sequence: number) => ({
  sequence,
  type: 'stdout' as const,
  data: LINE,
  timestamp: 1,
  offset: sequence * CHUNK_BYTES,
  lostBytes: 0,
});

test('a frame is kept only for commands that are being replayed', () => {
  const frames = createFrames((text) => text);
  expect(frames.of(a, chunkOf(0))).not.toBe(frames.of(a, chunkOf(0)));
  frames.keep('a');
  frames.keep('b');
  const kept = [frames.of(a, chunkOf(0)), frames.of(b, chunkOf(0))];
  frames.keep('a');
  expect([frames.of(a, chunkOf(0)), frames.of(b, chunkOf(0))]).toEqual(kept);
  expect(frames.of(a, chunkOf(0)) === kept[0]).toBe(true);
  frames.keepOnly(new Set(['b']));
  expect(frames.of(a, chunkOf(0)) === kept[0]).toBe(false);
  expect(frames.of(b, chunkOf(0)) === kept[1]).toBe(true);
  frames.keepOnly(new Set());
  expect(frames.keptBytes()).toBe(0);
});

test('kept frames are limited in size: the oldest are freed', () => {
  const limit = 20 * CHUNK_BYTES;
  const frames = createFrames((text) => text, limit);
  for (const id of ['a', 'b']) frames.keep(id);
  const first = frames.of(a, chunkOf(0));
  for (let sequence = 1; sequence < 100; sequence++) {
    for (const id of ['a', 'b']) frames.of(bufferOf(id), chunkOf(sequence));
    expect(frames.keptBytes()).toBeLessThanOrEqual(limit);
  }
  expect(frames.keptBytes()).toBeGreaterThan(limit - 2 * CHUNK_BYTES);
  expect(frames.of(a, chunkOf(0))).not.toBe(first);
});

test('the frames of chunks that the buffer has dropped are freed', () => {
  const frames = createFrames((text) => text);
  frames.keep('a');
  for (let sequence = 0; sequence < 10; sequence++) frames.of(a, chunkOf(sequence));
  const before = frames.keptBytes();
  frames.of(bufferOf('a', 8), chunkOf(10));
  expect(frames.keptBytes()).toBeLessThan(before / 2);
  expect(frames.keptBytes()).toBeGreaterThan(2 * CHUNK_BYTES);
});

test('a chunk is compressed once for all dashboards that it is replayed to at the same time', async () => {
  let compressed = 0;
  const deflate = (bytes: Uint8Array) => {
    compressed += 1;
    return deflateRawSync(bytes);
  };
  await using fixture = await startHubFixture({ deflate });
  const { hub, agent, dashboard } = fixture;
  const id = await fixture.startCommand();
  for (let i = 0; i < 50; i++) agent.sendOutput(id, LINE);
  agent.sendFinished(id);
  await dashboard.waitForComplete(id);
  const attach = async () => {
    const late = await connectDashboard(hub, { accept: ['deflate-raw'], terminals: 'attached' });
    late.send({ type: 'terminal:attach', commandId: id });
    await late.waitForComplete(id);
    expect(late.outputOf(id)).toBe(LINE.repeat(50));
  };
  await Promise.all([attach(), attach(), attach()]);
  expect(compressed).toBe(50);
  await hub.advance(1_000, agent, dashboard);
  await attach();
  expect(compressed).toBe(100);
});
