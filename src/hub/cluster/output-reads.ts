// Reads committed output of commands of other hubs: the news of many commands with one query.
import type { ClusterStore } from '../../store/cluster.ts';
import type { Store, StoredChunk } from '../../store/store.ts';
import type { Log } from '../log.ts';
import type { TerminalBuffer } from '../state/terminal-buffer.ts';

interface ReadsOptions {
  /** The buffer of a command that is followed. */
  find: (commandId: string) => TerminalBuffer | undefined;
  /** What was received before it was committed is not what was committed. */
  onDifference: (commandId: string) => void;
}

export function createOutputReads(
  { store, cluster, log }: { store: Store; cluster: ClusterStore; log: Log },
  { find, onDifference }: ReadsOptions,
) {
  let wanted = new Set<string>();
  /** The read in progress, and the one that has not begun. */
  let previous = Promise.resolve();
  let next: Promise<void> | null = null;
  let isFailing = false;

  /** Adds chunks. Returns false if they differ from what is held. */
  function add(commandId: string, chunks: readonly StoredChunk[]): boolean {
    const buffer = find(commandId);
    if (!buffer || chunks.every((chunk) => buffer.follow(chunk))) return true;
    onDifference(commandId);
    return false;
  }

  /** Reads blocks, and then what is in no block yet. */
  async function readPages(commandId: string): Promise<void> {
    for (let buffer = find(commandId); buffer; buffer = find(commandId)) {
      const from = buffer.storedNextSequence;
      const page = await store.output.listFrom(commandId, from);
      if (!page || page.nextSequence <= from || !add(commandId, page.chunks)) return;
      if (buffer.storedNextSequence === from) return;
    }
  }

  async function readAll(commandIds: readonly string[]): Promise<void> {
    const positions = commandIds.flatMap((commandId) => {
      const buffer = find(commandId);
      return buffer ? { commandId, nextSequence: buffer.storedNextSequence } : [];
    });
    if (positions.length === 0) return;
    for (const { commandId, chunks, isElsewhere } of await cluster.listOutputFrom(positions)) {
      if (isElsewhere) await readPages(commandId);
      else add(commandId, chunks);
    }
  }

  async function run(): Promise<void> {
    next = null;
    const commandIds = [...wanted];
    wanted = new Set();
    const reading = readAll(commandIds);
    previous = reading.catch(() => undefined);
    await reading;
  }

  /** Reads what has been committed until now. Calls during a read share the next one. */
  function read(...commandIds: string[]): Promise<void> {
    for (const commandId of commandIds) wanted.add(commandId);
    // What is asked for in the same turn is read together.
    next ??= previous.then(() => new Promise((resolve) => setImmediate(resolve))).then(run);
    return next;
  }

  return {
    read: (commandId: string) => read(commandId),
    /** The same in the background. What could not be read is read with the next notice, or the next poll. */
    start(commandIds: readonly string[]): void {
      if (commandIds.length === 0) return;
      read(...commandIds).then(
        () => (isFailing = false),
        (error: unknown) => {
          if (!isFailing) log.warn('Could not read output of other hubs.', { error });
          isFailing = true;
        },
      );
    },
  };
}
