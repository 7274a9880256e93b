// Creates the data folder of a hub with much stored output. The output is stored directly, because the hub indexes in the
// background, slowly enough that nobody notices.
import { Database } from 'bun:sqlite';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { CHUNK_BYTES } from '../src/protocol/limits.ts';
import { indexNewest } from '../src/store/output-search.ts';
import { createQueryBuilder } from '../src/store/query-context.ts';
import { openStore } from '../src/store/sqlite-store.ts';
import { storedCommand } from '../test/support/samples.ts';
import { createDataFolder } from './history.ts';

export const MEGABYTE = 1_048_576;
/** The output of each command. */
const COMMAND_BYTES = 4 * MEGABYTE;
/** Blocks that are indexed in one transaction. */
const BATCH = 100;
/** In the output of one command, in the middle of the history. */
export const NEEDLE = 'error[E0499]: zirconium lattice';
const FOLDERS = ['parser', 'scheduler', 'session', 'terminal', 'journal', 'approval', 'importer'];
const VERBS = ['handles', 'rejects', 'repeats', 'restores', 'orders', 'counts', 'closes', 'merges'];
const NOUNS = ['frames', 'an empty list', 'late output', 'two readers', 'a full disk', 'a gap'];

/** Output like that of a test run: names, paths, times and hashes. */
function createOutput(random: () => number): string {
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)] ?? '';
  let text = '';
  while (text.length < COMMAND_BYTES) {
    const folder = pick(FOLDERS);
    const id = Math.floor(random() * 0xffffffff).toString(16);
    const ms = (random() * 900).toFixed(2);
    text += `\x1b[32m✓\x1b[0m src/${folder}/${pick(NOUNS).replaceAll(' ', '-')}.test.ts > ${folder} ${pick(VERBS)} ${pick(NOUNS)} (${id}) [${ms}ms]\r\n`;
  }
  return text;
}

/** Small, fast and seeded: the same output each time. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

/** @returns the size of the database, and of the output in it, in bytes */
export async function createTranscripts(folder: string, megabytes: number) {
  await createDataFolder(folder);
  const file = join(folder, 'signalbox.db');
  const emptyBytes = statSync(file).size;
  const store = openStore(file);
  const commands = Math.max(1, Math.round((megabytes * MEGABYTE) / COMMAND_BYTES));
  const random = createRandom(1);
  let outputBytes = 0;
  for (let index = 0; index < commands; index += 1) {
    const id = Bun.randomUUIDv7();
    const time = Date.now();
    const found = index === Math.floor(commands / 2) ? `${NEEDLE}\r\n` : '';
    const text = createOutput(random) + found;
    await store.commands.insert(
      storedCommand({
        id,
        command: 'make test',
        status: 'completed',
        requestedAt: time,
        completedAt: time,
      }),
    );
    const chunks = [];
    for (let at = 0; at < text.length; at += CHUNK_BYTES / 2) {
      const data = text.slice(at, at + CHUNK_BYTES / 2);
      const offset = outputBytes;
      chunks.push({
        sequence: chunks.length,
        type: 'stdout' as const,
        data,
        timestamp: time,
        offset,
        lostBytes: 0,
      });
      outputBytes += Buffer.byteLength(data);
    }
    const firstOffset = chunks[0]?.offset ?? 0;
    for (const chunk of chunks) chunk.offset -= firstOffset;
    await store.output.append(id, chunks, chunks.length, time);
    await store.output.complete(id, time);
  }
  await store.close();
  indexBlocks(file);
  return { diskBytes: statSync(file).size - emptyBytes, outputBytes };
}

function indexBlocks(file: string): void {
  const database = new Database(file, { strict: true });
  database.run('PRAGMA synchronous = OFF');
  const db = createQueryBuilder(database);
  const indexBatch = database.transaction(() => {
    for (let index = 0; index < BATCH; index += 1) if (!indexNewest(db)) return false;
    return true;
  });
  while (indexBatch());
  database.run('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}
