// The messages between a store and its threads.
import type { Fence } from './cluster.ts';

/**
 * A method call: its number, the table (null for a method of the store itself), the method, its arguments, and the fence if
 * it is a write that has one.
 */
export type Call = readonly [
  id: number,
  table: string | null,
  method: string,
  args: readonly unknown[],
  fence?: Fence,
];

/** The database that a thread opens. */
export type StoreLocation =
  | { kind: 'sqlite'; file: string; readonly: boolean }
  | { kind: 'postgres'; url: string; password: string | undefined };

export type ThreadRequest =
  | { type: 'open'; location: StoreLocation }
  /** Checks the whole file. Sent instead of `open`. */
  | { type: 'check'; file: string }
  | { type: 'call'; calls: readonly Call[] };

/** An error as it is sent between threads: structured clones lose the code. */
export interface ThreadError {
  message: string;
  code: string | undefined;
  /** Whether the database is damaged; the message describes the damage. */
  isDamage: boolean;
}

export type Reply = { id: number; value: unknown } | { id: number; error: ThreadError };

/** The names of the methods of each table. */
export type MethodNames = Record<string, readonly string[]>;

export type ThreadResponse =
  /** `open` changes the tables of an earlier version, which can take minutes. `opened` follows. */
  | { type: 'upgrading' }
  /** `open` has found tables of a later version, with this schema version, and can use them. `opened` follows. */
  | { type: 'newer'; version: number }
  | { type: 'opened'; methods: MethodNames }
  /** The result of a check: null if the file is intact. */
  | { type: 'checked'; damage: string | null }
  /** Opening or checking failed. */
  | { type: 'failed'; error: ThreadError }
  | { type: 'replies'; replies: readonly Reply[] }
  /** Work in the background failed. */
  | { type: 'reported'; error: ThreadError };
