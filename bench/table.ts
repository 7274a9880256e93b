// Formats results as one Markdown table.
import type { EvaluatedRow, Spread } from './evaluate.ts';
import type { ScenarioResult } from './run.ts';

const COLUMNS = ['What', 'Signalbox', 'Beside', 'Ratio', 'Spread', 'Goal', 'Met'] as const;

/** The table of all rows, and a line for each scenario that was not measured. */
export function formatTable(results: readonly ScenarioResult[]): string {
  const cells = [[...COLUMNS], ...results.flatMap(({ rows }) => rows.map(formatRow))];
  const widths = COLUMNS.map((_, column) =>
    Math.max(...cells.map((row) => Bun.stringWidth(row[column] ?? ''))),
  );
  const formatLine = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = cells;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const skipped = results.flatMap(({ name, skipped: reason, missing }) => [
    ...(reason === null ? [] : [`${name} was not measured: ${reason}`]),
    ...missing.map((peer) => `${name}: ${peer} was not measured, because it is not installed.`),
  ]);
  return [formatLine(head), rule, ...body.map(formatLine), ...skipped].join('\n');
}

function formatRow({ what, unit, value, reference, ratio, goal, isMet }: EvaluatedRow): string[] {
  return [
    what,
    `${formatNumber(value.median)} ${unit}`,
    reference ? `${formatNumber(reference.value.median)} ${unit} (${reference.name})` : '',
    ratio ? ratio.median.toFixed(2) : '',
    ratio ? `${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}` : formatSpread(value),
    goal ?? '',
    isMet === null ? '' : isMet ? 'yes' : 'no',
  ];
}

function formatSpread({ min, max }: Spread): string {
  return min === max ? '' : `${formatNumber(min)}–${formatNumber(max)}`;
}

/** Three significant digits, and all digits before the point. */
function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.min(digits, 3) });
}
