// Formats the change of a file as a unified diff with three lines of context.
import { structuredPatch } from 'diff';
import { sanitize } from './sanitize.ts';
import { cyan, green, red } from './style.ts';

/** A change of one file. A new file has no `oldText`. */
export interface FileChange {
  readonly path: string;
  readonly oldText?: string | null;
  readonly newText: string;
}

/** Comparison time grows quadratically with the number of edits. Beyond this limit, all lines are shown as replaced. */
const MAX_EDITS = 2_000;

interface DiffLine {
  kind: 'hunk' | 'removed' | 'added' | 'context';
  text: string;
}

/** Formats a change without colors, for an approval request. */
export function formatDiff(change: FileChange): string {
  return [header(change), ...diffLines(change).map((line) => line.text)].join('\n');
}

/** Formats a change for a terminal. */
export function formatColoredDiff(change: FileChange): string {
  const colors = { hunk: cyan, removed: red, added: green, context: (text: string) => text };
  return diffLines(change)
    .map((line) => `${colors[line.kind](line.text)}\n`)
    .join('');
}

function header({ path, oldText }: FileChange): string {
  return typeof oldText === 'string' ? path : `${path} (new)`;
}

function diffLines({ path, oldText, newText }: FileChange): DiffLine[] {
  const before = oldText ?? '';
  const patch = structuredPatch(path, path, before, newText, '', '', {
    context: 3,
    maxEditLength: MAX_EDITS,
  });
  if (!patch) {
    return [
      ...before.split('\n').map((line) => toDiffLine(`-${line}`)),
      ...newText.split('\n').map((line) => toDiffLine(`+${line}`)),
    ];
  }
  return patch.hunks.flatMap((hunk) => [
    {
      kind: 'hunk' as const,
      text: `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`,
    },
    ...hunk.lines.map(toDiffLine),
  ]);
}

function toDiffLine(line: string): DiffLine {
  const kinds: Record<string, DiffLine['kind']> = { '-': 'removed', '+': 'added' };
  return { kind: kinds[line.slice(0, 1)] ?? 'context', text: sanitize(line) };
}
