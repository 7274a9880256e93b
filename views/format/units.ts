// Formats counts, times, changes and IDs.
import type { Changes } from '../../src/protocol/report.ts';
import { formatChanges } from '../../src/protocol/report-format.ts';

/** Stands for a value that is not known, or not known yet. */
export const UNKNOWN = '–';

/** Formats a number with its noun: `1 command`, `3 commands`. */
export function formatCount(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** Formats the size of a change as a value of its own: `3 files, +120 −4`, or `No files changed`. */
export function formatChangedFiles(changes: Changes): string {
  return changes.files === 0 ? 'No files changed' : formatChanges(changes);
}

/** Formats a time in UTC: `2026-03-01 14:03:22 UTC`. */
export function formatUtc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Shortens an ID to its last eight characters. */
export function shortenId(id: string): string {
  return id.length <= 8 ? id : `…${id.slice(-8)}`;
}
