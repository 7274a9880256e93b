// What this hub is writing to a table that it keeps in memory. The table can be read again at any time, and a reading that
// began before a write was committed must not undo the write in memory.

/** The result of reading a table again. */
export interface Reloaded {
  /**
   * Resolves when the rows that this hub wrote meanwhile can be read; they were left out, and the table must be read again.
   * Null if there were none.
   */
  again: Promise<unknown> | null;
}

/** Reads a table again, and applies the difference. @throws if it cannot be read; nothing has changed */
export type Reload = () => Promise<Reloaded>;

/** Rows that were read, and by which this hub's memory is updated. */
interface Reading<Row> {
  list: () => Promise<Row[]>;
  idOf: (row: Row) => string;
  /**
   * @param rows without those that this hub has written since the reading began
   * @param isGone whether a row does not exist anymore. False for those that this hub has written since then
   */
  apply: (rows: readonly Row[], isGone: (id: string) => boolean) => void;
}

export function createPendingWrites() {
  /** The writes in progress, by the ID of the row. */
  const pending = new Map<string, Set<Promise<unknown>>>();
  /** For each reading in progress, the rows that were written since it began. */
  const readings = new Set<Set<string>>();

  /** Notes that rows have changed in memory. */
  function mark(ids: readonly string[]) {
    for (const written of readings) for (const id of ids) written.add(id);
  }

  function finish(ids: readonly string[], write: Promise<unknown>) {
    for (const id of ids) {
      const writes = pending.get(id);
      writes?.delete(write);
      if (writes?.size === 0) pending.delete(id);
    }
  }

  return {
    mark,
    /** Notes that rows are being written until the write has ended. */
    async during<T>(ids: readonly string[], write: Promise<T>): Promise<T> {
      mark(ids);
      for (const id of ids) pending.set(id, (pending.get(id) ?? new Set()).add(write));
      try {
        return await write;
      } finally {
        finish(ids, write);
      }
    },
    /** Reads a table. What is read about rows that this hub writes meanwhile is left out. */
    async reload<Row>({ list, idOf, apply }: Reading<Row>): Promise<Reloaded> {
      const written = new Set(pending.keys());
      readings.add(written);
      let rows: Row[];
      try {
        rows = await list();
      } finally {
        // `apply` changes rows in memory, which is no write.
        readings.delete(written);
      }
      const ids = new Set(rows.map(idOf));
      apply(
        rows.filter((row) => !written.has(idOf(row))),
        (id) => !ids.has(id) && !written.has(id),
      );
      if (written.size === 0) return { again: null };
      const running = [...written].flatMap((id) => [...(pending.get(id) ?? [])]);
      return { again: Promise.allSettled(running) };
    },
  };
}
