// Indexes blocks of output for the search, in the background and with a connection of its own: it takes much longer than
// storing them. The newest come first, and until then each is read by every search.
import { and, desc, eq, isNull } from 'drizzle-orm';
import { pauseAfter } from '../index-pace.ts';
import { readPlainText } from '../output-block.ts';
import type { Connection, Db } from './connection.ts';
import { outputBlocks as blocks } from './schema.ts';

/** Delay after a new block, because more may follow, and after a failure. */
const DELAY_MS = 1_000;

interface Connections {
  get(): Promise<Connection>;
  close(): Promise<void>;
}

export function createOutputIndexer(connections: Connections) {
  let timer: Timer | undefined;
  let running: Promise<void> | null = null;
  let isStopped = false;
  let lastBlockAt = -Infinity;

  function schedule(delay: number) {
    if (isStopped) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      running = run();
    }, delay);
  }

  async function run() {
    const startedAt = performance.now();
    try {
      const { db } = await connections.get();
      if (!(await indexNewest(db))) return;
      const endedAt = performance.now();
      schedule(pauseAfter(endedAt - startedAt, endedAt - lastBlockAt));
    } catch {
      // If the database is away, whoever writes reports it.
      schedule(DELAY_MS);
    }
  }

  schedule(0);
  return {
    /** Continues, because there is a new block. */
    wake() {
      lastBlockAt = performance.now();
      schedule(DELAY_MS);
    },
    async close(): Promise<void> {
      isStopped = true;
      clearTimeout(timer);
      await connections.close();
      await running;
    },
  };
}

/** Indexes the newest block that is not indexed. Returns whether there was one. */
async function indexNewest(db: Db): Promise<boolean> {
  const [block] = await db
    .select()
    .from(blocks)
    .where(isNull(blocks.plainText))
    .orderBy(desc(blocks.commandId), desc(blocks.firstSequence))
    .limit(1);
  if (!block) return false;
  const { commandId, firstSequence } = block;
  await db
    .update(blocks)
    .set({ plainText: readPlainText(block).toLowerCase() })
    .where(and(eq(blocks.commandId, commandId), eq(blocks.firstSequence, firstSequence)));
  return true;
}
