// When and why the output of a command was deleted.

/**
 * Why it was deleted: it was too old, there was too much output, the disk was full, or a user deleted it. `not_kept`: the
 * hub kept it in memory only.
 */
export type RemovalReason = 'retention' | 'quota' | 'disk' | 'user' | 'not_kept';

export interface OutputRemoval {
  /** Unix milliseconds; null if it is not known. */
  at: number | null;
  reason: RemovalReason;
  /** The rule: the retention in milliseconds, or the quota in bytes. */
  limit: number | null;
}
