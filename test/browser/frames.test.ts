// Frames, compressed and not, in the order they came.
import { expect, test } from 'bun:test';
import { deflateRawSync } from 'node:zlib';
import { createUnpacker } from '../../src/browser/frames.ts';

function frame(flag: number, payload: Uint8Array): ArrayBuffer {
  return new Uint8Array([flag, ...payload]).buffer;
}

test('frames are heard in the order they came, however long each takes to inflate', async () => {
  const long = 'x'.repeat(200_000);
  const { promise, resolve } = Promise.withResolvers<void>();
  const heard: string[] = [];
  const unpack = createUnpacker((text) => {
    heard.push(text);
    if (text === 'end') resolve();
  });
  unpack('first');
  expect(heard).toEqual(['first']);
  unpack(frame(1, deflateRawSync(long)));
  unpack('after the long one');
  unpack(frame(0, new TextEncoder().encode('plain, with a flag')));
  unpack('end');
  await promise;
  expect(heard).toEqual(['first', long, 'after the long one', 'plain, with a flag', 'end']);
});

test('a frame that cannot be read is told of, and the next one is heard', async () => {
  const complaints: unknown[] = [];
  const { error } = console;
  console.error = (...words: unknown[]) => void complaints.push(words);
  try {
    const { promise, resolve } = Promise.withResolvers<string>();
    const unpack = createUnpacker(resolve);
    unpack(frame(7, new Uint8Array([1, 2, 3])));
    unpack('next');
    expect(await promise).toBe('next');
    expect(complaints).toHaveLength(1);
  } finally {
    console.error = error;
  }
});
