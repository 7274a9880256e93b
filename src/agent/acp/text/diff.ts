// A change of a file as people review it: the lines that go, the lines that come, and three around them.
import { structuredPatch } from 'diff';
import { sanitize } from './sanitize.ts';
import { cyan, green, red } from './style.ts';

/** A change of one file. `oldText` is null or missing where the file is new. */
export interface FileChange {
  readonly path: string;
  readonly oldText?: string | null;
  readonly newText: string;
}

/** Comparing takes time that grows with the square of the differences: past this, all goes and all comes. */
const MAX_EDITS = 2_000;

interface DiffLine {
  kind: 'hunk' | 'old' | 'new' | 'same';
  text: string;
}

/** The change as a unified diff, without colours: for a person who is asked about it. */
export function formatDiff(change: FileChange): string {
  return [heading(change), ...diffLines(change).map((line) => line.text)].join('\n');
}

/** The change as a terminal shows it. */
export function formatColoredDiff(change: FileChange): string {
  const paint = { hunk: cyan, old: red, new: green, same: (text: string) => text };
  return diffLines(change)
    .map((line) => `${paint[line.kind](line.text)}\n`)
    .join('');
}

function heading({ path, oldText }: FileChange): string {
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
      ...before.split('\n').map((line) => asLine(`-${line}`)),
      ...newText.split('\n').map((line) => asLine(`+${line}`)),
    ];
  }
  return patch.hunks.flatMap((hunk) => [
    {
      kind: 'hunk' as const,
      text: `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`,
    },
    ...hunk.lines.map(asLine),
  ]);
}

function asLine(line: string): DiffLine {
  const kinds: Record<string, DiffLine['kind']> = { '-': 'old', '+': 'new' };
  return { kind: kinds[line.slice(0, 1)] ?? 'same', text: sanitize(line) };
}
