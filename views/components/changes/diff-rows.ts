// Arranges the lines of a hunk for the split view, and marks the words that differ between an old line and its replacement.
import { diffWordsWithSpace } from 'diff';
import type { DiffLine } from './parse-patch.ts';

/** A part of a line. */
export interface Segment {
  text: string;
  isChanged: boolean;
}

/** A row of the split view. `same` lines are on both sides. */
interface SplitRow {
  old: DiffLine | null;
  new: DiffLine | null;
}

/** Longer lines, and more pairs of lines in one file, are not compared word by word. */
const MAX_LINE_LENGTH = 500;
const MAX_PAIRS = 300;
/** Lines that share less than this part of their text are not similar: marks would only distract. */
const MIN_SHARED = 0.4;

/** Consecutive old lines, and the new lines that replace them. */
interface Replacement {
  old: DiffLine[];
  new: DiffLine[];
}

/** Groups the lines of a hunk: unchanged lines, and replacements. */
function groupLines(lines: readonly DiffLine[]): (DiffLine | Replacement)[] {
  const groups: (DiffLine | Replacement)[] = [];
  let open: Replacement | null = null;
  for (const line of lines) {
    if (line.kind === 'same') {
      open = null;
      groups.push(line);
      continue;
    }
    // Git writes the old lines of a replacement first.
    if (!open || (line.kind === 'old' && open.new.length > 0)) {
      open = { old: [], new: [] };
      groups.push(open);
    }
    open[line.kind].push(line);
  }
  return groups;
}

export function toSplitRows(lines: readonly DiffLine[]): SplitRow[] {
  return groupLines(lines).flatMap((group) => {
    if ('kind' in group) return { old: group, new: group };
    const length = Math.max(group.old.length, group.new.length);
    return Array.from({ length }, (_, index) => ({
      old: group.old[index] ?? null,
      new: group.new[index] ?? null,
    }));
  });
}

/** Finds the words that differ, in pairs of old and new lines that are similar. */
export function markWords(hunks: readonly { lines: readonly DiffLine[] }[]) {
  const marks = new Map<DiffLine, Segment[]>();
  let pairs = 0;
  for (const group of hunks.flatMap(({ lines }) => groupLines(lines))) {
    if ('kind' in group || group.old.length !== group.new.length) continue;
    for (const [index, old] of group.old.entries()) {
      const replacement = group.new[index];
      if (!replacement || pairs === MAX_PAIRS) break;
      pairs += 1;
      const segments = compareLines(old.text, replacement.text);
      if (!segments) continue;
      marks.set(old, segments.old);
      marks.set(replacement, segments.new);
    }
  }
  return marks;
}

function compareLines(oldText: string, newText: string) {
  if (Math.max(oldText.length, newText.length) > MAX_LINE_LENGTH) return null;
  const parts = diffWordsWithSpace(oldText, newText);
  const shared = parts.filter(({ added, removed }) => !added && !removed);
  const sharedLength = shared.reduce((sum, { value }) => sum + value.trim().length, 0);
  const longest = Math.max(oldText.trim().length, newText.trim().length);
  if (sharedLength < longest * MIN_SHARED) return null;
  const toSegments = (kind: 'added' | 'removed', other: 'added' | 'removed'): Segment[] =>
    parts
      .filter((part) => !part[other])
      .map((part) => ({ text: part.value, isChanged: part[kind] }));
  return { old: toSegments('removed', 'added'), new: toSegments('added', 'removed') };
}
