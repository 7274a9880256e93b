// The TerminalBuffer alone, with a clock that stands still unless it is moved.
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
let numbered: OutputChunk[];
let kept: { sequences: number[]; agentNextSequence: number; firstSequence: number }[];
let overflows: number;
let next: number;

function open(restored: OutputChunk[] = [], agentNextSequence = 0) {
  numbered = [];
  kept = [];
  overflows = 0;
  next = agentNextSequence;
  buffer = createTerminalBuffer(
    'c',
    clock,
    {
      onChunk: (_commandId, chunk) => void numbered.push(chunk),
      onPersistable: (chunks, agentNext) =>
        void kept.push({
          sequences: chunks.map(({ sequence }) => sequence),
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
  open();
});

const write = (data: string, type: OutputStream = 'stdout') => buffer.write(next++, type, data);
const heldText = () =>
  buffer
    .readAll()
    .map(({ data }) => data)
    .join('');
const texts = () => numbered.map(({ data }) => data);
const whole = () => texts().join('');
/** Numbers something at once, so that what follows within 10 ms gathers. */
function warmUp() {
  write('w');
  expect(texts()).toEqual(['w']);
}

describe('chunks', () => {
  test('after a pause the first output is numbered at once; what follows waits 10 ms, and goes as one', () => {
    warmUp();
    write('a');
    clock.advance(9);
    write('b');
    expect(texts()).toEqual(['w']);
    clock.advance(1);
    expect(texts()).toEqual(['w', 'ab']);
    clock.advance(10);
    write('c');
    expect(texts()).toEqual(['w', 'ab', 'c']);
  });

  test('a change of stream closes a chunk', () => {
    warmUp();
    for (const [data, type] of [
      ['a', 'stdout'],
      ['b', 'stdout'],
      ['c', 'stderr'],
      ['d', 'stdout'],
    ] as const)
      write(data, type);
    clock.advance(10);
    expect(numbered.map(({ type, data }) => `${type} ${data}`)).toEqual([
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
  ])('are at most 10 KB of whole code points: %s', (_name, text) => {
    for (let at = 0; at < text.length; at += 7_000) write(text.slice(at, at + 7_000));
    clock.advance(10);
    expect(whole()).toBe(text);
    for (const { data } of numbered) {
      expect(byteLength(data)).toBeLessThanOrEqual(CHUNK_BYTES);
      expect(data.isWellFormed()).toBe(true);
    }
    expect(numbered.length).toBeLessThanOrEqual(
      Math.ceil(byteLength(text) / (CHUNK_BYTES - 3)) + 1,
    );
  });

  test('a full chunk does not wait', () => {
    warmUp();
    write('x'.repeat(CHUNK_BYTES - 1));
    expect(numbered).toHaveLength(1);
    write('yz');
    expect(texts().slice(1)).toEqual([`${'x'.repeat(CHUNK_BYTES - 1)}y`]);
    clock.advance(10);
    expect(texts().at(-1)).toBe('z');
  });

  test('are numbered from 0 without a hole, with when they came and how many bytes came before', () => {
    write('aé');
    clock.advance(50);
    write('b', 'stderr');
    buffer.addGap(5, 100);
    next = 5;
    clock.advance(50);
    write('c');
    expect(numbered).toEqual([
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
        timestamp: clock.now() - 50,
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

describe('what an agent sends', () => {
  test('is taken once: a sequence that came before is ignored', () => {
    expect(buffer.write(0, 'stdout', 'a')).toBe(true);
    expect(buffer.write(1, 'stdout', 'b')).toBe(true);
    expect(buffer.write(0, 'stdout', 'a')).toBe(false);
    expect(buffer.write(1, 'stdout', 'other')).toBe(false);
    clock.advance(10);
    expect(whole()).toBe('ab');
    expect(buffer.agentNextSequence).toBe(2);
  });

  test('a sequence that skips some leaves one gap of unknown size', () => {
    buffer.write(0, 'stdout', 'a');
    buffer.write(4, 'stdout', 'b');
    clock.advance(10);
    expect(numbered.map(({ data, lostBytes }) => [data, lostBytes])).toEqual([
      ['a', 0],
      ['', 0],
      ['b', 0],
    ]);
    expect(buffer.write(2, 'stdout', 'late')).toBe(false);
  });

  test('a gap takes one sequence, in its place, and is taken once', () => {
    warmUp();
    write('a');
    buffer.addGap(7, 500);
    buffer.addGap(7, 500);
    buffer.addGap(3, 500);
    expect(numbered.map(({ data, lostBytes }) => [data, lostBytes])).toEqual([
      ['w', 0],
      ['a', 0],
      ['', 500],
    ]);
    expect(buffer.agentNextSequence).toBe(7);
  });

  test('nothing is taken once the output is complete, and what was gathering is numbered', () => {
    warmUp();
    write('a');
    buffer.complete();
    expect(whole()).toBe('wa');
    expect(write('b')).toBe(false);
    buffer.addGap(9, 9);
    clock.advance(100);
    expect(whole()).toBe('wa');
    expect(buffer.isComplete).toBe(true);
  });
});

describe('what is kept', () => {
  test('is whole agent messages only, with the agent sequence that follows them', () => {
    warmUp();
    kept = [];
    write('x'.repeat(CHUNK_BYTES + 5));
    expect(numbered.length).toBe(2);
    expect(kept).toEqual([]);
    write('y');
    clock.advance(10);
    expect(kept).toEqual([{ sequences: [1, 2], agentNextSequence: 3, firstSequence: 0 }]);
  });

  test('at a change of stream is what came before it', () => {
    warmUp();
    kept = [];
    write('a');
    write('b', 'stderr');
    expect(kept).toEqual([{ sequences: [1], agentNextSequence: 2, firstSequence: 0 }]);
    clock.advance(10);
    expect(kept.at(-1)).toEqual({ sequences: [2], agentNextSequence: 3, firstSequence: 0 });
  });

  test('of a gap is the gap, with the sequence it leads to', () => {
    warmUp();
    kept = [];
    buffer.addGap(6, 10);
    expect(kept).toEqual([{ sequences: [1], agentNextSequence: 6, firstSequence: 0 }]);
  });
});

describe('1 MB', () => {
  const chunk = 'x'.repeat(CHUNK_BYTES);
  const fits = Math.floor(BUFFER_BYTES / CHUNK_BYTES);

  test('is held, and not a byte more; the oldest chunks go, with one warning', () => {
    for (let i = 0; i < fits; i++) write(chunk);
    expect([buffer.totalBytes, overflows, buffer.firstSequence()]).toEqual([
      fits * CHUNK_BYTES,
      0,
      0,
    ]);
    write('y'.repeat(BUFFER_BYTES - fits * CHUNK_BYTES));
    clock.advance(10);
    expect([buffer.totalBytes, overflows]).toEqual([BUFFER_BYTES, 0]);
    write('z');
    expect(buffer.totalBytes).toBeLessThanOrEqual(BUFFER_BYTES);
    for (let i = 1; i < 50; i++) {
      write(chunk);
      clock.advance(10);
      expect(buffer.totalBytes).toBeLessThanOrEqual(BUFFER_BYTES);
    }
    expect(overflows).toBe(1);
    expect(buffer.firstSequence()).toBe(50);
    expect(buffer.firstSequence()).toBe(50);
    expect(buffer.read(49)).toBeUndefined();
    expect(buffer.read(50)?.sequence).toBe(50);
    expect(buffer.writtenBytes).toBe(BUFFER_BYTES + 1 + 49 * CHUNK_BYTES);
  });

  test('knows to the byte what lies between two sequences, held or dropped, gaps included', () => {
    write('aé');
    clock.advance(10);
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

  test('is all that comes back from the store, and goes on with the next sequence', () => {
    const stored = Array.from({ length: fits + 30 }, (_, i) => ({
      sequence: 100 + i,
      type: 'stdout' as const,
      data: chunk,
      timestamp: 1,
      offset: 5_000 + i * CHUNK_BYTES,
      lostBytes: 0,
    }));
    open(stored, 400);
    expect(buffer.totalBytes).toBeLessThanOrEqual(BUFFER_BYTES);
    expect(buffer.firstSequence()).toBe(130);
    expect(buffer.nextSequence).toBe(100 + fits + 30);
    expect(buffer.write(399, 'stdout', 'again')).toBe(false);
    expect(buffer.write(400, 'stdout', 'new')).toBe(true);
    clock.advance(10);
    expect(numbered.map(({ sequence, data }) => `${sequence} ${data}`)).toEqual([
      `${100 + fits + 30} new`,
    ]);
    expect(buffer.read(130)?.sequence).toBe(130);
    expect(buffer.bytesBetween(130, 131)).toBe(CHUNK_BYTES);
    expect(buffer.writtenBytes).toBe(5_000 + (fits + 30) * CHUNK_BYTES + 3);
    expect(overflows).toBe(0);
  });

  test('comes back without what lies before a hole in the store', () => {
    const row = (sequence: number) => ({
      sequence,
      type: 'stdout' as const,
      data: String(sequence),
      timestamp: 1,
      offset: sequence,
      lostBytes: 0,
    });
    open([row(0), row(1), row(7), row(8)], 20);
    expect(buffer.firstSequence()).toBe(7);
    expect(buffer.nextSequence).toBe(9);
    expect(buffer.read(8)?.data).toBe('8');
    expect(heldText()).toBe('78');
  });
});

test('the text is both streams in order, with what is pending', () => {
  warmUp();
  write('out', 'stdout');
  write('err', 'stderr');
  expect(heldText()).toBe('wouterr');
});

test('being read moves the moment it was last read', () => {
  const opened = buffer.lastRead;
  clock.advance(5_000);
  write('a');
  expect(buffer.lastRead).toBe(opened);
  buffer.read(0);
  expect(buffer.lastRead).toBe(opened + 5_000);
  clock.advance(5_000);
  heldText();
  expect(buffer.lastRead).toBe(opened + 10_000);
});
