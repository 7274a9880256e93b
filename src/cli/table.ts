// Plain-text tables.
import { revealBidi } from '../protocol/bidi.ts';
import { writeOut } from './output.ts';

/** Formats a time; `-` for null. */
export const formatTime = (at: number | null): string =>
  at === null ? '-' : new Date(at).toISOString();

/**
 * Makes the text of a cell safe for a terminal: it can come from agents and other people. Control characters are removed,
 * and those that change the direction of text are made visible.
 */
export function cleanCell(text: string): string {
  return revealBidi(text.replaceAll(/\p{Cc}/gu, ''));
}

/**
 * Prints rows to stdout with aligned columns.
 */
export function printTable(cells: readonly (readonly string[])[]): void {
  const rows = cells.map((row) => row.map(cleanCell));
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  for (const row of rows) {
    const padded = row.map((cell, i) => cell.padEnd(widths[i] ?? 0));
    writeOut(`${padded.join('  ').trimEnd()}\n`);
  }
}
