// One of the two databases of a copy. All of its work is one transaction.
import type { CopiedTable, Row } from './tables.ts';

/** The rows that are read and written at once. A block of output can have 100 KB. */
export const BATCH_ROWS = 100;

export interface Side {
  /** Reads rows in the order of the primary key. @param after the last row of the previous batch */
  read(table: CopiedTable, after: Row | undefined): Promise<Row[]>;
  write(table: CopiedTable, rows: readonly Row[]): Promise<void>;
  /** Commits what was written. */
  commit(): Promise<void>;
  /** Ends the transaction, and closes the database. */
  close(): Promise<void>;
}

/** Sums up the space of the blocks of each command. */
export function createBlockSizes(sizeOf: (data: Buffer, textBytes: number) => number) {
  const sizes = new Map<string, number>();
  return {
    add(block: Row) {
      const commandId = String(block['commandId']);
      const size = sizeOf(block['data'] as Buffer, Number(block['textBytes']));
      sizes.set(commandId, (sizes.get(commandId) ?? 0) + size);
    },
    /** The space of the blocks of a transcript. */
    get: (transcript: Row): number => sizes.get(String(transcript['commandId'])) ?? 0,
  };
}
