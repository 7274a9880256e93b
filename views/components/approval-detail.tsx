// What an agent asks about: the diff, the command or the paths, as text. The lines of a diff are told apart by their
// sign, and by colour on top of it.

import { count } from '../format/units.ts';

type LineKind = 'plain' | 'file' | 'hunk' | 'old' | 'new' | 'same';

/** Lines of one kind that follow each other. */
interface Run {
  kind: LineKind;
  text: string;
}

const HUNK = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/;
const signs: Record<string, LineKind> = { '+': 'new', '-': 'old', '\\': 'hunk' };

/**
 * Reads a text that may have unified diffs in it. A hunk says how many lines it has, so that a command or a list that
 * happens to have dashes is never taken for one.
 */
export function readDetail(detail: string): Run[] {
  const lines = detail.split('\n');
  const runs: Run[] = [];
  let left = { old: 0, new: 0 };
  let isOpen = false;
  const add = (kind: LineKind, text: string) => {
    const last = runs.at(-1);
    if (last?.kind === kind) last.text += `\n${text}`;
    else runs.push({ kind, text });
  };
  for (const [index, line] of lines.entries()) {
    const hunk = HUNK.exec(line);
    const inHunk = isOpen && (left.old > 0 || left.new > 0 || line.startsWith('\\'));
    if (hunk) {
      isOpen = true;
      left = { old: Number(hunk[1] ?? 1), new: Number(hunk[2] ?? 1) };
      add('hunk', line);
    } else if (inHunk && /^(?:[ +\-\\]|$)/.test(line)) {
      const kind = signs[line.slice(0, 1)] ?? 'same';
      if (kind === 'old' || kind === 'same') left.old -= 1;
      if (kind === 'new' || kind === 'same') left.new -= 1;
      add(kind, line);
    } else {
      isOpen = false;
      add(HUNK.test(lines[index + 1] ?? '') ? 'file' : 'plain', line);
    }
  }
  return runs;
}

/** How many files change, and how many lines come and go; null where the text has no diff. */
export function changeSize(runs: readonly Run[]) {
  if (!runs.some(({ kind }) => kind === 'hunk')) return null;
  const lines = (wanted: LineKind) =>
    runs.reduce(
      (sum, { kind, text }) => (kind === wanted ? sum + text.split('\n').length : sum),
      0,
    );
  return { files: lines('file'), added: lines('new'), removed: lines('old') };
}

/** The detail of a question; it scrolls by itself where it is long. */
export function ApprovalDetail({ detail }: { detail: string }) {
  const runs = readDetail(detail);
  const size = changeSize(runs);
  return (
    <div class="detail">
      {size && (
        <p class="detail-size">
          {size.files > 1 && `${count(size.files, 'file')} `}
          <span class="detail-new">+{size.added}</span>{' '}
          <span class="detail-old">−{size.removed}</span>
        </p>
      )}
      <pre tabIndex={0} role="region" aria-label="What it asks about">
        <code>
          {runs.map(({ kind, text }, index) => (
            <span key={index} class={`detail-${kind}`}>
              {`${text}\n`}
            </span>
          ))}
        </code>
      </pre>
    </div>
  );
}
