// Parses the hunks of a unified diff into numbered lines.

export interface DiffLine {
  kind: 'same' | 'old' | 'new';
  text: string;
  /** The line numbers before and after, where the line exists. */
  oldNumber: number | null;
  newNumber: number | null;
  /** Whether the file ends here without a line break. */
  isUnterminated: boolean;
}

export interface Hunk {
  /** The heading that git found for it, such as the name of a function; empty if there is none. */
  heading: string;
  oldStart: number;
  newStart: number;
  lines: DiffLine[];
}

const HUNK = /^@@ -(\d{1,9})(?:,\d{1,9})? \+(\d{1,9})(?:,\d{1,9})? @@ ?(.*)$/;

/** Lines that do not belong to a hunk are ignored: the text comes from an agent. */
export function parsePatch(patch: string): Hunk[] {
  const hunks: Hunk[] = [];
  let hunk: Hunk | null = null;
  let oldNumber = 0;
  let newNumber = 0;
  for (const line of patch.split('\n')) {
    const header = HUNK.exec(line);
    if (header) {
      oldNumber = Number(header[1]);
      newNumber = Number(header[2]);
      hunk = { heading: header[3] ?? '', oldStart: oldNumber, newStart: newNumber, lines: [] };
      hunks.push(hunk);
      continue;
    }
    const sign = line.slice(0, 1);
    const last = hunk?.lines.at(-1);
    if (sign === '\\' && last) last.isUnterminated = true;
    const hasOld = sign === ' ' || sign === '-';
    const hasNew = sign === ' ' || sign === '+';
    if (!hunk || !(hasOld || hasNew)) continue;
    hunk.lines.push({
      kind: hasOld && hasNew ? 'same' : hasOld ? 'old' : 'new',
      text: line.slice(1),
      oldNumber: hasOld ? oldNumber++ : null,
      newNumber: hasNew ? newNumber++ : null,
      isUnterminated: false,
    });
  }
  return hunks;
}

/** The side of a line that a comment is about: before or after the command. */
export type Side = 'old' | 'new';

/** Finds the text of a line in a patch. */
export function findLine(patch: string, side: Side, number: number): string | null {
  for (const { lines } of parsePatch(patch)) {
    const line = lines.find(
      ({ oldNumber, newNumber }) => (side === 'old' ? oldNumber : newNumber) === number,
    );
    if (line) return line.text;
  }
  return null;
}
