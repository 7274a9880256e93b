// The terminal buffer, with a manual clock.
import { beforeEach, describe, expect, test } from 'bun:test';
import {
  createTerminalBuffer,
  type OutputChunk,
  type TerminalBuffer,
} from '../../../src/hub/state/terminal-buffer.ts';
import type { OutputStream } from '../../../src/protocol/entities.ts';
import { BUFFER_BYTES, CHUNK_BYTES } from '../../../src/protocol/limits.ts';
import { byteLength } from '../../../src/protocol/text.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';

let clock: ManualClock;
let buffer: TerminalBuffer;
let chunks: OutputChunk[];
let persisted: { sequences: number[]; agentNextSequence: number; firstSequence: number }[];
let overflows: number;
let next: number;

function createBuffer(restored: OutputChunk[] = [], agentNextSequence = 0) {
  chunks = [];
  persisted = [];
  overflows = 0;
  next = agentNextSequence;
  buffer = createTerminalBuffer(
    { id: 'c', agentId: 'agent' },
    clock,
    {
      onChunk: (_commandId, chunk) => void chunks.push(chunk),
      onPersistable: (persistable, agentNext) =>
        void persisted.push({
          sequences: persistable.map(({ sequence }) => sequence),
          agentNextSequence: agentNext,
          firstSequence: buffer.firstSequence(),
        }),
      onOverflow: () => void (overflows += 1),
    },
    restored,
    agentNextSequence,
  );
}

beforeEach(() => {
  clock = createManualClock();
  createBuffer();
});

const write = (data: string, type: OutputStream = 'stdout') => buffer.write(next++, type, data);
function readText() {
  buffer.flush();
  let text = '';
  for (let at = buffer.firstSequence(); at < buffer.nextSequence; at++) {
    text += buffer.read(at)?.data;
  }
  return text;
}
const listTexts = () => chunks.map(({ data }) => data);
const joinChunks = () => listTexts().join('');
/** Writes a first chunk, which is emitted at once, so that the next 3 ms of output become one chunk. */
function writeFirst() {
  write('w');
  expect(listTexts()).toEqual(['w']);
}

describe('chunks', () => {
  test('are emitted at once after a pause, and otherwise 3 ms after the previous one', () => {
    writeFirst();
    write('a');
    clock.advance(2);
    write('b');
    expect(listTexts()).toEqual(['w']);
    clock.advance(1);
    expect(listTexts()).toEqual(['w', 'ab']);
    clock.advance(2);
    write('c');
    expect(listTexts()).toEqual(['w', 'ab']);
    clock.advance(1);
    expect(listTexts()).toEqual(['w', 'ab', 'c']);
    clock.advance(3);
    write('d');
    expect(listTexts()).toEqual(['w', 'ab', 'c', 'd']);
  });

  test('end at a change of stream', () => {
    writeFirst();
    for (const [data, type] of [
      ['a', 'stdout'],
      ['b', 'stdout'],
      ['c', 'stderr'],
      ['d', 'stdout'],
    ] as const)
      write(data, type);
    clock.advance(3);
    expect(chunks.map(({ type, data }) => `${type} ${data}`)).toEqual([
      'stdout w',
      'stdout ab',
      'stderr c',
      'stdout d',
    ]);
  });

  test.each([
    ['ASCII', 'x'.repeat(100_000)],
    ['two bytes each', 'é'.repeat(30_000)],
    ['three bytes each', '€'.repeat(30_000)],
    ['four bytes each', '😀'.repeat(30_000)],
    ['of every width', 'aé€😀'.repeat(10_000)],
  ])('are at most 10 KB of complete code points: %s', (_name, text) => {
    for (let at = 0; at < text.length; at += 7_000) write(text.slice(at, at + 7_000));
    clock.advance(3);
    expect(joinChunks()).toBe(text);
    for (const { data } of chunks) {
      expect(byteLength(data)).toBeLessThanOrEqual(CHUNK_BYTES);
      expect(data.isWellFormed()).toBe(true);
    }
    expect(chunks.length).toBeLessThanOrEqual(Math.ceil(byteLength(text) / (CHUNK_BYTES - 3)) + 1);
  });

  test('are emitted at once when they are full', () => {
    writeFirst();
    write('x'.repeat(CHUNK_BYTES - 1));
    expect(chunks).toHaveLength(1);
    write('yz');
    expect(listTexts().slice(1)).toEqual([`${'x'.repeat(CHUNK_BYTES - 1)}y`]);
    clock.advance(3);
    expect(listTexts().at(-1)).toBe('z');
  });

  test('have consecutive sequences, the time they arrived and the number of bytes before them', () => {
    write('aé');
    clock.advance(50);
    write('b', 'stderr');
    buffer.addGap(5, 100);
    next = 5;
    clock.advance(50);
    write('c');
    expect(chunks).toEqual([
      {
        sequence: 0,
        type: 'stdout',
        data: 'aé',
        timestamp: clock.now() - 100,
        offset: 0,
        lostBytes: 0,
      },
      {
        sequence: 1,
        type: 'stderr',
        data: 'b',
        timestamp: clock.now() - 50,
        offset: 3,
        lostBytes: 0,
      },
      {
        sequence: 2,
        type: 'stdout',
        data: '',
        timestamp: clock.now() - 47,
        offset: 4,
        lostBytes: 100,
      },
      { sequence: 3, type: 'stdout', data: 'c', timestamp: clock.now(), offset: 104, lostBytes: 0 },
    ]);
    expect(buffer.writtenBytes).toBe(105);
    expect(buffer.totalBytes).toBe(5);
    expect(buffer.nextSequence).toBe(4);
  });
});

describe('agent messages', () => {
  test('are ignored if their sequence is repeated', () => {
    expect(buffer.write(0, 'stdout', 'a')).toBe(true);
    expect(buffer.write(1, 'stdout', 'b')).toBe(true);
    expect(buffer.write(0, 'stdout', 'a')).toBe(false);
    expect(buffer.write(1, 'stdout', 'other')).toBe(false);
    clock.advance(3);
    expect(joinChunks()).toBe('ab');
    expect(buffer.agentNextSequence).toBe(2);
  });

  test('are preceded by one gap of unknown size if they skip sequences', () => {
    buffer.write(0, 'stdout', 'a');
    buffer.write(4, 'stdout', 'b');
    clock.advance(3);
    expect(chunks.map(({ data, lostBytes }) => [data, lostBytes])).toEqual([
      ['a', 0],
      ['', 0],
      ['b', 0],
    ]);
    expect(buffer.write(2, 'stdout', 'late')).toBe(false);
  });

  test('that are gaps take one sequence, in order, and are added once', () => {
    writeFirst();
    write('a');
    buffer.addGap(7, 500);
    buffer.addGap(7, 500);
    buffer.addGap(3, 500);
    clock.advance(3);
    expect(chunks.map(({ data, lostBytes }) => [data, lostBytes])).toEqual([
      ['w', 0],
      ['a', 0],
      ['', 500],
    ]);
    expect(buffer.agentNextSequence).toBe(7);
  });

  test('that are gaps without output in between are one gap per batch', () => {
    writeFirst();
    for (let sequence = 2; sequence <= 10_000; sequence++) buffer.addGap(sequence, 3);
    next = 10_000;
    write('a');
    buffer.addGap(20_000, 5);
    buffer.addGap(20_001, 5);
    clock.advance(3);
    expect(chunks.map(({ sequence, data, lostBytes }) => [sequence, data, lostBytes])).toEqual([
      [0, 'w', 0],
      [1, '', 3 * 9_999],
      [2, 'a', 0],
      [3, '', 10],
    ]);
    expect(buffer.agentNextSequence).toBe(20_001);
  });

  test('are ignored once the buffer is sealed, and pending output becomes a chunk', () => {
    writeFirst();
    write('a');
    buffer.seal();
    expect(joinChunks()).toBe('wa');
    expect(write('b')).toBe(false);
    buffer.addGap(9, 9);
    clock.advance(100);
    expect(joinChunks()).toBe('wa');
    expect(buffer.isSealed).toBe(true);
  });
});

describe('persistable chunks', () => {
  test('contain only complete agent messages, with the next agent sequence', () => {
    writeFirst();
    persisted = [];
    write('x'.repeat(CHUNK_BYTES + 5));
    expect(chunks.length).toBe(2);
    expect(persisted).toEqual([]);
    write('y');
    clock.advance(3);
    expect(persisted).toEqual([{ sequences: [1, 2], agentNextSequence: 3, firstSequence: 0 }]);
  });

  test('end at a change of stream', () => {
    writeFirst();
    persisted = [];
    write('a');
    write('b', 'stderr');
    expect(persisted).toEqual([{ sequences: [1], agentNextSequence: 2, firstSequence: 0 }]);
    clock.advance(3);
    expect(persisted.at(-1)).toEqual({ sequences: [2], agentNextSequence: 3, firstSequence: 0 });
  });

  test('contain a gap, with the agent sequence after it', () => {
    writeFirst();
    persisted = [];
    buffer.addGap(6, 10);
    clock.advance(3);
    expect(persisted).toEqual([{ sequences: [1], agentNextSequence: 6, firstSequence: 0 }]);
  });
});

describe('1 MB', () => {
  const chunk = 'x'.repeat(CHUNK_BYTES);
  const fits = Math.floor(BUFFER_BYTES / CHUNK_BYTES);

  test('is the limit: the oldest chunks are dropped, with one warning', () => {
    for (let i = 0; i < fits; i++) write(chunk);
    expect([buffer.totalBytes, overflows, buffer.firstSequence()]).toEqual([
      fits * CHUNK_BYTES,
      0,
      0,
    ]);
    write('y'.repeat(BUFFER_BYTES - fits * CHUNK_BYTES));
    clock.advance(3);
    expect([buffer.totalBytes, overflows]).toEqual([BUFFER_BYTES, 0]);
    write('z');
    expect(buffer.totalBytes).toBeLessThanOrEqual(BUFFER_BYTES);
    for (let i = 1; i < 50; i++) {
      write(chunk);
      clock.advance(3);
      expect(buffer.totalBytes).toBeLessThanOrEqual(BUFFER_BYTES);
    }
    expect(overflows).toBe(1);
    expect(buffer.firstSequence()).toBe(50);
    expect(buffer.firstSequence()).toBe(50);
    expect(buffer.read(49)).toBeUndefined();
    expect(buffer.read(50)?.sequence).toBe(50);
    expect(buffer.writtenBytes).toBe(BUFFER_BYTES + 1 + 49 * CHUNK_BYTES);
  });

  test('does not affect bytesBetween, which counts held and dropped chunks and gaps', () => {
    write('aé');
    clock.advance(3);
    buffer.addGap(50, 1_000);
    next = 50;
    for (let i = 0; i < 2 * fits; i++) write(chunk);
    expect(buffer.firstSequence()).toBeGreaterThan(2);
    expect(buffer.bytesBetween(0, 1)).toBe(3);
    expect(buffer.bytesBetween(0, 2)).toBe(1_003);
    expect(buffer.bytesBetween(1, 3)).toBe(1_000 + CHUNK_BYTES);
    expect(buffer.bytesBetween(2, 2)).toBe(0);
    expect(buffer.bytesBetween(0, buffer.nextSequence)).toBe(buffer.writtenBytes);
  });

  test('is restored from the store, and continued with the next sequence', () => {
    const stored = Array.from({ length: fits + 30 }, (_, i) => ({
      sequence: 100 + i,
      type: 'stdout' as const,
      data: chunk,
      timestamp: 1,
      offset: 5_000 + i * CHUNK_BYTES,
      lostBytes: 0,
    }));
    createBuffer(stored, 400);
    expect(buffer.totalBytes).toBeLessThanOrEqual(BUFFER_BYTES);
    expect(buffer.firstSequence()).toBe(130);
    expect(buffer.nextSequence).toBe(100 + fits + 30);
    expect(buffer.write(399, 'stdout', 'again')).toBe(false);
    expect(buffer.write(400, 'stdout', 'new')).toBe(true);
    clock.advance(3);
    expect(chunks.map(({ sequence, data }) => `${sequence} ${data}`)).toEqual([
      `${100 + fits + 30} new`,
    ]);
    expect(buffer.read(130)?.sequence).toBe(130);
    expect(buffer.bytesBetween(130, 131)).toBe(CHUNK_BYTES);
    expect(buffer.writtenBytes).toBe(5_000 + (fits + 30) * CHUNK_BYTES + 3);
    expect(overflows).toBe(0);
  });

  test('is restored only from the last missing sequence on', () => {
    const row = (sequence: number) => ({
      sequence,
      type: 'stdout' as const,
      data: String(sequence),
      timestamp: 1,
      offset: sequence,
      lostBytes: 0,
    });
    createBuffer([row(0), row(1), row(7), row(8)], 20);
    expect(buffer.firstSequence()).toBe(7);
    expect(buffer.nextSequence).toBe(9);
    expect(buffer.read(8)?.data).toBe('8');
    expect(readText()).toBe('78');
  });
});

test('the text is both streams in order, including pending output', () => {
  writeFirst();
  write('out', 'stdout');
  write('err', 'stderr');
  expect(readText()).toBe('wouterr');
});

test('reading updates the time of the last read', () => {
  const opened = buffer.lastRead;
  clock.advance(5_000);
  write('a');
  expect(buffer.lastRead).toBe(opened);
  buffer.read(0);
  expect(buffer.lastRead).toBe(opened + 5_000);
  clock.advance(5_000);
  readText();
  expect(buffer.lastRead).toBe(opened + 10_000);
});

describe('who waits until output is stored', () => {
  const first = { sequence: 0, type: 'stdout', data: 'a', timestamp: 1, offset: 0, lostBytes: 0 };

  test('learns that another hub has stored it when it is read', async () => {
    createBuffer();
    const written = buffer.whenWritten();
    buffer.follow(first as OutputChunk);
    await written;
    expect(buffer.storedNextSequence).toBe(1);
  });

  test('learns that another hub has stored what it has sent', async () => {
    createBuffer();
    buffer.followLive(first as OutputChunk);
    const written = buffer.whenWritten();
    buffer.markStoredUpTo(1);
    await written;
    expect(buffer.isStored).toBe(true);
  });
});
