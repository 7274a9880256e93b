// Plain-text tables.
import { writeOut } from './output.ts';

/** Prints rows to stdout with aligned columns. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  for (const row of rows) {
    const cells = row.map((cell, i) => cell.padEnd(widths[i] ?? 0));
    writeOut(`${cells.join('  ').trimEnd()}\n`);
  }
}
