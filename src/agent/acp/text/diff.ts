// Formats a change to a file as a unified diff with three lines of context.
import { structuredPatch, type StructuredPatchHunk } from 'diff';
import { sanitize } from './sanitize.ts';
import { cyan, green, red } from './style.ts';

/** A change to one file. A new file has no `oldText`. */
export interface FileChange {
  readonly path: string;
  readonly oldText?: string | null;
  readonly newText: string;
}

/** Comparison time grows quadratically with the number of edits. Beyond this limit, all lines are shown as replaced. */
const MAX_EDITS = 2_000;
const NO_NEWLINE = String.raw`\ No newline at end of file`;

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

/** The lines of a change, with a line before each hunk. */
export function diffLines({ path, oldText, newText }: FileChange): DiffLine[] {
  const before = oldText ?? '';
  const patch = structuredPatch(path, path, before, newText, '', '', {
    context: 3,
    maxEditLength: MAX_EDITS,
  });
  const hunks = patch?.hunks ?? [replacement(before, newText)];
  // Programs send parts of files, which end within the file.
  const isPart = [before, newText].every((text) => text !== '' && !text.endsWith('\n'));
  return hunks.flatMap((hunk) => [
    { kind: 'hunk' as const, text: hunkHeader(hunk) },
    ...hunk.lines.filter((line) => !isPart || line !== NO_NEWLINE).map(toDiffLine),
  ]);
}

/** A hunk that replaces all lines. */
function replacement(oldText: string, newText: string): StructuredPatchHunk {
  const removed = wholeLines('-', oldText);
  const added = wholeLines('+', newText);
  const count = (lines: readonly string[]) => lines.filter((line) => line !== NO_NEWLINE).length;
  return {
    oldStart: 1,
    oldLines: count(removed),
    newStart: 1,
    newLines: count(added),
    lines: [...removed, ...added],
  };
}

function wholeLines(prefix: string, text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n').map((line) => prefix + line);
  if (text.endsWith('\n')) lines.pop();
  else lines.push(NO_NEWLINE);
  return lines;
}

/** As in git, a side without lines starts one line earlier: `@@ -0,0 +1,2 @@` for a new file. */
function hunkHeader({ oldStart, oldLines, newStart, newLines }: StructuredPatchHunk): string {
  const range = (start: number, lines: number) => `${lines === 0 ? start - 1 : start},${lines}`;
  return `@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@`;
}

function toDiffLine(line: string): DiffLine {
  const kinds: Record<string, DiffLine['kind']> = { '-': 'removed', '+': 'added' };
  return { kind: kinds[line.slice(0, 1)] ?? 'context', text: sanitize(line) };
}
