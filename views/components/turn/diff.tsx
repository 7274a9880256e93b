// A change to one file. Lines are marked by their sign and, in addition, by color.
import type { TurnDiff } from '../../../src/protocol/turn.ts';
import { formatCount } from '../../format/units.ts';
import { FoldedLines } from './folded-lines.tsx';

type LineKind = 'hunk' | 'new' | 'old' | 'same';

const kindsBySign: Record<string, LineKind> = { '@': 'hunk', '+': 'new', '-': 'old', '\\': 'hunk' };

export function Diff({ diff, id }: { diff: TurnDiff; id: string }) {
  const { path, isNew, added, removed, text, omittedLines } = diff;
  const lines = text === '' ? [] : text.split('\n');
  return (
    <section class="turn-diff" aria-label={`Changes to ${path}`}>
      <p class="turn-diff-head">
        <span class="turn-diff-path">{path}</span>
        {isNew && <span class="badge">new</span>}
        <span class="turn-diff-counts">
          <span class="detail-new">+{added}</span> <span class="detail-old">−{removed}</span>
        </span>
      </p>
      {lines.length > 0 && (
        <FoldedLines id={id} label="Diff" lines={lines}>
          {(shown) =>
            joinRuns(shown).map(({ kind, runLines }, index) => (
              <span key={index} class={`detail-${kind}`}>
                {`${runLines.join('\n')}\n`}
              </span>
            ))
          }
        </FoldedLines>
      )}
      {omittedLines !== undefined && (
        <p class="turn-omitted">{formatCount(omittedLines, 'more line')} left out.</p>
      )}
    </section>
  );
}

/** Joins consecutive lines of one kind. */
function joinRuns(lines: readonly string[]): { kind: LineKind; runLines: string[] }[] {
  const runs: { kind: LineKind; runLines: string[] }[] = [];
  for (const line of lines) {
    const kind = kindsBySign[line.slice(0, 1)] ?? 'same';
    const last = runs.at(-1);
    if (last?.kind === kind) last.runLines.push(line);
    else runs.push({ kind, runLines: [line] });
  }
  return runs;
}
