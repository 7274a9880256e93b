// Comma-separated values (RFC 4180) that are safe to open in a spreadsheet.

/** Formats a row. A value that a spreadsheet would run as a formula begins with an apostrophe. */
export function formatCsvRow(values: readonly (string | number | null)[]): string {
  return `${values.map((value) => formatCell(String(value ?? ''))).join(',')}\r\n`;
}

function formatCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
