// Plain and compressed frames, decoded in order.
import { expect, test } from 'bun:test';
import { deflateRawSync } from 'node:zlib';
import { createFrameDecoder, encodeMessage, parseMessage } from '../../src/browser/frames.ts';

function createFrame(flag: number, payload: Uint8Array): ArrayBuffer {
  return new Uint8Array([flag, ...payload]).buffer;
}

test('keeps the order of frames, however long each takes to inflate', async () => {
  const long = 'x'.repeat(200_000);
  const { promise, resolve } = Promise.withResolvers<void>();
  const texts: string[] = [];
  const decode = createFrameDecoder((text) => {
    texts.push(text);
    if (text === 'end') resolve();
  });
  decode('first');
  expect(texts).toEqual(['first']);
  decode(createFrame(1, deflateRawSync(long)));
  decode('after the long one');
  decode(createFrame(0, new TextEncoder().encode('plain, with a flag')));
  decode('end');
  await promise;
  expect(texts).toEqual(['first', long, 'after the long one', 'plain, with a flag', 'end']);
});

test('logs a frame that cannot be decoded, and continues with the next one', async () => {
  const errors: unknown[] = [];
  const { error } = console;
  console.error = (...args: unknown[]) => void errors.push(args);
  try {
    const { promise, resolve } = Promise.withResolvers<string>();
    const decode = createFrameDecoder(resolve);
    decode(createFrame(7, new Uint8Array([1, 2, 3])));
    decode('next');
    expect(await promise).toBe('next');
    expect(errors).toHaveLength(1);
  } finally {
    console.error = error;
  }
});

test('ignores frames that are not known messages', () => {
  const heartbeat = { type: 'hub:heartbeat', version: '1.2.3', timestamp: 5, extra: true };
  expect(parseMessage(JSON.stringify(heartbeat))).toMatchObject({
    type: 'hub:heartbeat',
    timestamp: 5,
  });
  const invalid = [
    '',
    '{',
    '1',
    'null',
    '[]',
    '{"type":"x"}',
    '{"type":"hub:heartbeat","version":"1.0.0"}',
  ];
  expect([...invalid, new ArrayBuffer(4), undefined].map(parseMessage)).toEqual(
    Array(9).fill(null),
  );
});

test('adds the version to outgoing messages', () => {
  const text = encodeMessage({ type: 'terminal:detach', commandId: 'c' });
  expect(JSON.parse(text)).toEqual({ type: 'terminal:detach', commandId: 'c', version: '1.0.0' });
});
