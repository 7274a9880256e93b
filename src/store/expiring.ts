// Values that are needed for some minutes, and that all hubs must know.
/** A value that is needed for some minutes, such as what a password link is for. */
export interface StoredExpiring {
  /** What it is for. */
  kind: string;
  /** Unique among those of its kind. */
  key: string;
  /** Whom it is about. */
  owner: string;
  value: unknown;
  expiresAt: number;
  /** How many times it was used. */
  uses: number;
}

/** Values that expire. A hub without others has them in memory. */
export interface ExpiringTable {
  /**
   * Stores a value, or replaces the one with its key. At most `max` of a kind are kept: the one that expires first is dropped
   * first.
   * @param time now: what has expired by then is deleted
   */
  put(value: StoredExpiring, max: number, time: number): Promise<void>;
  find(kind: string, key: string): Promise<StoredExpiring | undefined>;
  /** Counts a use. Returns the value with it. */
  countUse(kind: string, key: string): Promise<StoredExpiring | undefined>;
  /** Removes a value and returns it: only one of those who try at the same time gets it. */
  take(kind: string, key: string): Promise<StoredExpiring | undefined>;
  removeOwned(kind: string, owner: string): Promise<void>;
}
