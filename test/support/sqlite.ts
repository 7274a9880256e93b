// Reads the database of a store from outside.
import { Database } from 'bun:sqlite';

/** Counts the blocks of output that are not in the search index yet. */
export function countUnindexed(file: string): number {
  using database = new Database(file, { readonly: true });
  return (
    database
      .query<{ n: number }, []>('SELECT count(*) AS n FROM output_blocks WHERE is_indexed = 0')
      .get()?.n ?? 0
  );
}
