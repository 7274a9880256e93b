// The rules for Store.output.
import { describe, expect, test } from 'bun:test';
import type { OutputPurge, StoredChunk } from '../../../src/store/store.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { chunk, storedCommand } from '../../support/samples.ts';
import type { StoreUnderTest } from './store-under-test.ts';

/** Chunks of 1,000 characters, enough for several blocks. */
function createChunks(count: number, from = 0): StoredChunk[] {
  return Array.from({ length: count }, (_, i) => {
    const sequence = from + i;
    return chunk({
      sequence,
      data: `${sequence}`.padEnd(1_000, '…'),
      type: sequence % 3 === 0 ? 'stderr' : 'stdout',
      timestamp: 1_000 + sequence,
      offset: sequence * 2_500,
      lostBytes: sequence % 7,
    });
  });
}

export function describeOutput(db: StoreUnderTest) {
  describe('output', () => {
    const list = (id: string) => db.store.output.listLatest(id, Infinity);
    const listFrom = async (id: string, sequence: number) =>
      (await db.store.output.listFrom(id, sequence))?.chunks ?? [];
    const listSequences = async (id: string) => (await list(id)).map(({ sequence }) => sequence);

    async function purge(rule: OutputPurge) {
      while (await db.store.output.purge(rule));
    }

    async function append(id: string, chunks: readonly StoredChunk[], time = 0) {
      const batches = Array.from({ length: Math.ceil(chunks.length / 10) }, (_, i) =>
        chunks.slice(10 * i, 10 * i + 10),
      );
      await Promise.all(batches.map((batch) => db.store.output.append(id, batch, 1, time)));
    }

    test('lists chunks in order, and stores the agent sequence with them', async () => {
      const chunks = [
        chunk({ data: 'a\u0000\u001b[1m\r\n' }),
        chunk({ sequence: 1, data: '😀', type: 'stderr', offset: 3 }),
        chunk({ sequence: 2, data: '', offset: 7, lostBytes: 50 }),
        chunk({ sequence: 3, data: 'end', offset: 57 }),
      ];
      await db.store.commands.insert(storedCommand({ id: '1' }));
      await db.store.output.append('1', chunks.slice(0, 2), 5, 0);
      await db.store.output.append('1', chunks.slice(2), 9, 0);
      await db.reopen();
      expect(await list('1')).toEqual(chunks);
      expect((await db.store.commands.find('1'))?.agentNextSequence).toBe(9);
      await db.store.output.complete('1', 0);
      expect(await list('1')).toEqual(chunks);
      expect(await list('2')).toEqual([]);
    });

    test('commits what was appended at once, if asked to', async () => {
      const appended = db.store.output.append('1', createChunks(1), 1, 0);
      await db.store.output.flush();
      expect(Bun.peek.status(appended)).toBe('fulfilled');
      expect(await list('1')).toHaveLength(1);
    });

    test('stores chunks and the agent sequence together or not at all', async () => {
      await db.store.commands.insert(storedCommand({ id: '1' }));
      await db.store.output.append('1', [chunk()], 1, 0);
      const taken = [chunk({ sequence: 1 }), chunk({ sequence: 0 })];
      expect(await rejectionOf(db.store.output.append('1', taken, 3, 0))).not.toBe('');
      expect(await list('1')).toEqual([chunk()]);
      expect((await db.store.commands.find('1'))?.agentNextSequence).toBe(1);
    });

    test('rejects a block of chunks that are stored', async () => {
      await db.store.commands.insert(storedCommand({ id: '1' }));
      // Two blocks, and a rest that is too small for one.
      const chunks = createChunks(600);
      await db.store.output.append('1', chunks, 600, 0);
      for (const again of [chunks, chunks.slice(300)]) {
        expect(await rejectionOf(db.store.output.append('1', again, 700, 0))).not.toBe('');
      }
      await db.store.output.append('1', createChunks(300, 600), 900, 0);
      await db.store.output.complete('1', 0);
      expect(await rejectionOf(db.store.output.append('1', chunks, 900, 0))).not.toBe('');
      expect(await list('1')).toEqual(createChunks(900));
    });

    test('stores the agent sequence without chunks', async () => {
      await db.store.commands.insert(storedCommand({ id: '1' }));
      await db.store.output.append('1', [], 4, 0);
      await db.reopen();
      expect((await db.store.commands.find('1'))?.agentNextSequence).toBe(4);
    });

    test('keeps everything, in far less space than its text', async () => {
      const chunks = createChunks(1_000);
      await append('1', chunks, 5);
      await db.reopen();
      await append('1', createChunks(10, 1_000), 6);
      await db.store.output.complete('1', 7);
      expect(await list('1')).toEqual(createChunks(1_010));
      const transcript = await db.store.output.findTranscript('1');
      expect(transcript).toMatchObject({ updatedAt: 7, removedAt: null, removalReason: null });
      expect(transcript?.bytes).toBeLessThan(500_000);
      expect(await db.store.output.findTranscript('2')).toBeUndefined();
    });

    test('lists the latest chunks of at least a size', async () => {
      await append('1', createChunks(1_000));
      for (const bytes of [1, 2_990, 150_000, 900_000]) {
        const latest = await db.store.output.listLatest('1', bytes);
        expect(latest).toEqual(createChunks(latest.length, 1_000 - latest.length));
        expect(latest.length).toBeGreaterThanOrEqual(bytes / 3_000);
        expect(latest.length).toBeLessThan(bytes / 3_000 + 300);
      }
    });

    test('lists at most so many chunks, at least the latest ones', async () => {
      await append('1', createChunks(600));
      const latest = await db.store.output.listLatest('1', Infinity, 10);
      expect(latest).toEqual(createChunks(latest.length, 600 - latest.length));
      expect(latest.length).toBeGreaterThanOrEqual(10);
      expect(latest.length).toBeLessThan(600);
    });

    test('lists pages from any sequence', async () => {
      await append('1', createChunks(1_000));
      for (const completed of [false, true]) {
        if (completed) await db.store.output.complete('1', 0);
        const all: StoredChunk[] = [];
        for (let from = 0; from < 1_000; from = all.length) {
          const page = await listFrom('1', from);
          expect(page.length).toBeGreaterThan(0);
          expect(page.length).toBeLessThan(400);
          all.push(...page);
        }
        expect(all).toEqual(createChunks(1_000));
        expect(await listFrom('1', 998)).toEqual(createChunks(2, 998));
        expect(await db.store.output.listFrom('1', 1_000)).toBeNull();
      }
    });

    test('bounds pages of small chunks and of gaps', async () => {
      const chunks = Array.from({ length: 10_000 }, (_, sequence) =>
        chunk({ sequence, data: '', offset: sequence, lostBytes: 1 }),
      );
      await db.store.output.append('1', chunks, 1, 0);
      const page = await listFrom('1', 5);
      expect(page.length).toBeLessThan(5_000);
      expect(page[0]?.sequence).toBe(5);
    });

    test('starts a page after missing chunks', async () => {
      const chunks = [...createChunks(10), ...createChunks(10, 20)];
      await append('1', chunks);
      expect((await listFrom('1', 10))[0]?.sequence).toBe(20);
      await db.store.output.complete('1', 0);
      expect((await listFrom('1', 10))[0]?.sequence).toBe(20);
      expect(await list('1')).toEqual(chunks);
    });

    test('reads pages while output is added and compressed, without a gap', async () => {
      const writing = (async () => {
        await append('1', createChunks(2_000));
        await db.store.output.complete('1', 0);
      })();
      let next = 0;
      while (next < 2_000) {
        await new Promise((resolve) => setImmediate(resolve));
        const page = await db.store.output.listFrom('1', next);
        if (!page) continue;
        const sequences = page.chunks.map(({ sequence }) => sequence);
        expect(sequences).toEqual(sequences.map((_, i) => next + i));
        next = page.nextSequence;
      }
      await writing;
    });

    test('counts the text before a sequence, and finds the chunk at an offset', async () => {
      const chunks = createChunks(1_000);
      const sizes = chunks.map(({ data }) => Buffer.byteLength(data));
      const before = (sequence: number) => sizes.slice(0, sequence).reduce((a, b) => a + b, 0);
      await append('1', chunks);
      for (const completed of [false, true]) {
        if (completed) await db.store.output.complete('1', 0);
        for (const sequence of [0, 1, 261, 500, 999, 1_000]) {
          expect(await db.store.output.countBytes('1', sequence)).toBe(before(sequence));
          const offset = sequence * 2_500;
          const position = {
            sequence: Math.min(sequence, 999),
            offset: Math.min(offset, 2_497_500),
          };
          expect(await db.store.output.findPosition('1', offset)).toEqual(position);
          expect(await db.store.output.findPosition('1', offset + 9)).toEqual(position);
        }
      }
      expect(await db.store.output.findPosition('2', 0)).toBeUndefined();
    });

    test('completes all except some, in any number', async () => {
      const ids = Array.from({ length: 120 }, (_, i) => `c${i}`);
      for (const id of ids) await db.store.output.append(id, [chunk()], 1, 0);
      await db.store.output.completeExcept(['c0'], 9);
      const bytes = await Promise.all(
        ids.map(async (id) => (await db.store.output.findTranscript(id))?.bytes ?? 0),
      );
      expect(bytes.map((size) => size > 0)).toEqual(ids.map((id) => id !== 'c0'));
      expect(await list('c7')).toEqual([chunk()]);
      await db.store.output.completeExcept([], 9);
      expect(await list('c0')).toEqual([chunk()]);
    });

    test('removes chunks before a sequence, and no later ones', async () => {
      await append('1', createChunks(1_000));
      const { bytes = 0 } = (await db.store.output.findTranscript('1')) ?? {};
      await db.store.output.removeBefore('1', 900);
      const left = await listSequences('1');
      expect(left.slice(-100)).toEqual(Array.from({ length: 100 }, (_, i) => 900 + i));
      expect(left.length).toBeLessThan(500);
      expect((await db.store.output.findTranscript('1'))?.bytes).toBeLessThan(bytes);
    });

    test('says when and why the output of a command was removed', async () => {
      await append('1', createChunks(300), 1);
      await append('2', [chunk()], 1);
      await db.store.output.remove('1', 8, 'user');
      expect(await list('1')).toEqual([]);
      expect(await list('2')).toEqual([chunk()]);
      expect(await db.store.output.findTranscript('1')).toEqual({
        commandId: '1',
        bytes: expect.any(Number),
        updatedAt: 1,
        removedAt: 8,
        removalReason: 'user',
        removalLimit: null,
      });
      expect(await db.store.output.listFrom('1', 0)).toBeNull();
      expect(await db.store.output.countBytes('1', 300)).toBe(0);
      await purge({ reason: 'quota', limit: 1e9, time: 9 });
      expect(await db.store.output.findTranscript('1')).toMatchObject({ bytes: 0, removedAt: 8 });
    });

    test('is there again after more output has arrived', async () => {
      await db.store.output.append('1', [chunk()], 1, 1);
      await db.store.output.remove('1', 8, 'user');
      await db.store.output.append('1', [chunk({ sequence: 1 })], 2, 9);
      expect(await listSequences('1')).toEqual([1]);
      expect(await db.store.output.findTranscript('1')).toMatchObject({ removedAt: null });
    });

    describe('is purged', () => {
      /** Commands with output at the times 1, 2, 3 and so on. */
      async function fill(...statuses: ('completed' | 'running' | 'open')[]) {
        for (const [i, status] of statuses.entries()) {
          const id = `c${i + 1}`;
          await db.store.commands.insert(
            storedCommand({
              id,
              status: status === 'open' ? 'interrupted' : status,
              isOutputOpen: status === 'open',
            }),
          );
          await db.store.output.append(id, [chunk()], 1, i + 1);
          await db.store.output.complete(id, i + 1);
        }
      }
      const listLeft = async (count: number) => {
        const ids = Array.from({ length: count }, (_, i) => `c${i + 1}`);
        const found = await Promise.all(ids.map((id) => list(id)));
        return ids.filter((_, i) => found[i]?.length);
      };

      test('by age, but not of commands that may have more', async () => {
        await fill('completed', 'running', 'completed', 'open', 'completed', 'completed');
        await purge({ reason: 'retention', before: 5, limit: 86_400_000, time: 10 });
        expect(await listLeft(6)).toEqual(['c2', 'c4', 'c6']);
        expect(await db.store.output.findTranscript('c5')).toMatchObject({
          bytes: 0,
          removedAt: 10,
          removalReason: 'retention',
          removalLimit: 86_400_000,
        });
      });

      test('by size, the oldest first', async () => {
        await fill('completed', 'completed', 'running', 'completed', 'completed');
        const { bytes = 0 } = (await db.store.output.findTranscript('c1')) ?? {};
        await purge({ reason: 'quota', limit: 5 * bytes, time: 10 });
        expect(await listLeft(5)).toEqual(['c1', 'c2', 'c3', 'c4', 'c5']);
        await purge({ reason: 'quota', limit: 3.5 * bytes, time: 10 });
        expect(await listLeft(5)).toEqual(['c3', 'c4', 'c5']);
        await purge({ reason: 'quota', limit: 2.5 * bytes, time: 10 });
        expect(await listLeft(5)).toEqual(['c3', 'c5']);
        expect(await db.store.output.findTranscript('c2')).toMatchObject({
          bytes: 0,
          removalReason: 'quota',
          removalLimit: 3.5 * bytes,
        });
      });

      test('from the start of a running command, if nothing else is left', async () => {
        await fill('completed', 'running');
        await append('c2', createChunks(2_000, 10), 5);
        const { bytes = 0 } = (await db.store.output.findTranscript('c2')) ?? {};
        await purge({ reason: 'quota', limit: bytes / 2, time: 10 });
        expect(await list('c1')).toEqual([]);
        const left = await listSequences('c2');
        expect(left.length).toBeLessThan(1_500);
        expect(left.length).toBeGreaterThan(500);
        expect(left.at(-1)).toBe(2_009);
        expect((await db.store.output.listFrom('c2', 0))?.chunks[0]?.sequence).toBe(left[0]);
        expect(await db.store.output.findTranscript('c2')).toMatchObject({ removedAt: null });
      });

      test('until enough of the file is free', async () => {
        await fill('completed', 'completed');
        await purge({ reason: 'disk', freeBytes: 0, time: 10 });
        expect(await listLeft(2)).toEqual(['c1', 'c2']);
        await purge({ reason: 'disk', freeBytes: 1e9, time: 10 });
        expect(await listLeft(2)).toEqual([]);
        expect(await db.store.output.findTranscript('c1')).toMatchObject({ removalReason: 'disk' });
      });

      test('in slices, and continues after an interruption', async () => {
        await db.store.commands.insert(storedCommand({ id: 'c1', status: 'completed' }));
        await append('c1', createChunks(10_000));
        await db.store.output.complete('c1', 1);
        const { bytes = 0 } = (await db.store.output.findTranscript('c1')) ?? {};
        await db.store.output.remove('c1', 2, 'user');
        const rule = { reason: 'quota', limit: bytes, time: 3 } as const;
        expect(await db.store.output.purge(rule)).toBe(true);
        const left = (await db.store.output.findTranscript('c1'))?.bytes ?? 0;
        expect(left).toBeGreaterThan(0);
        expect(left).toBeLessThan(bytes);
        expect(await list('c1')).toEqual([]);
        await db.reopen();
        await purge(rule);
        expect((await db.store.output.findTranscript('c1'))?.bytes).toBe(0);
      });

      test('before its command', async () => {
        await fill('completed');
        await db.store.commands.update('c1', { completedAt: 1 });
        expect(await db.store.commands.purgeBefore(5, 10)).toBe(0);
        await purge({ reason: 'retention', before: 5, limit: null, time: 10 });
        expect(await db.store.commands.purgeBefore(5, 10)).toBe(1);
        expect(await list('c1')).toEqual([]);
        expect(await db.store.output.findTranscript('c1')).toBeUndefined();
      });
    });
  });
}
