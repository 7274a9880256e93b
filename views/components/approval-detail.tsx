// The detail of an approval request: a diff, a command or paths, as text. Lines of a diff are marked by their sign and,
// in addition, by color.
import type { Approval } from '../../src/protocol/approvals.ts';
import { formatSize } from '../../src/protocol/size.ts';
import { formatCount } from '../format/units.ts';
import { approvalDetailUrl } from '../urls.ts';

type LineKind = 'plain' | 'file' | 'hunk' | 'old' | 'new' | 'same';

/** Consecutive lines of one kind. */
interface Run {
  kind: LineKind;
  text: string;
}

/** The number of runs that are marked. A diff whose lines alternate would become a page of several megabytes. */
const MAX_RUNS = 1_000;
const HUNK = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/;
const kindsBySign: Record<string, LineKind> = { '+': 'new', '-': 'old', '\\': 'hunk' };

/**
 * Parses text that may contain unified diffs. Only lines within the length that a hunk header declares belong to the
 * diff, so commands and lists that contain dashes are not mistaken for one.
 */
export function parseDetail(detail: string): Run[] {
  const lines = detail.split('\n');
  const runs: Run[] = [];
  let remaining = { old: 0, new: 0 };
  let isInDiff = false;
  const add = (lineKind: LineKind, text: string) => {
    const kind = runs.length < MAX_RUNS ? lineKind : 'plain';
    const last = runs.at(-1);
    if (last?.kind === kind) last.text += `\n${text}`;
    else runs.push({ kind, text });
  };
  for (const [index, line] of lines.entries()) {
    const hunk = HUNK.exec(line);
    const isInHunk = isInDiff && (remaining.old > 0 || remaining.new > 0 || line.startsWith('\\'));
    if (hunk) {
      isInDiff = true;
      remaining = { old: Number(hunk[1] ?? 1), new: Number(hunk[2] ?? 1) };
      add('hunk', line);
    } else if (isInHunk && /^(?:[ +\-\\]|$)/.test(line)) {
      const kind = kindsBySign[line.slice(0, 1)] ?? 'same';
      if (kind === 'old' || kind === 'same') remaining.old -= 1;
      if (kind === 'new' || kind === 'same') remaining.new -= 1;
      add(kind, line);
    } else {
      isInDiff = false;
      add(HUNK.test(lines[index + 1] ?? '') ? 'file' : 'plain', line);
    }
  }
  return runs;
}

/** Counts the changed files and the added and removed lines. Returns null if the text contains no diff, or a long one. */
export function countChanges(runs: readonly Run[]) {
  if (runs.length >= MAX_RUNS || !runs.some(({ kind }) => kind === 'hunk')) return null;
  const countLines = (wanted: LineKind) =>
    runs.reduce(
      (sum, { kind, text }) => (kind === wanted ? sum + text.split('\n').length : sum),
      0,
    );
  return { files: countLines('file'), added: countLines('new'), removed: countLines('old') };
}

/** Long details scroll inside their own box. A button loads the whole detail if only its beginning is on the page. */
export function ApprovalDetail({
  approvalId,
  detail,
  detailBytes,
}: Pick<Approval, 'approvalId' | 'detail' | 'detailBytes'>) {
  if (detail === null) return null;
  const runs = parseDetail(detail);
  const changes = detailBytes === null ? countChanges(runs) : null;
  return (
    <div class="detail">
      {changes && (
        <p class="detail-size">
          {changes.files > 1 && `${formatCount(changes.files, 'file')} `}
          <span class="detail-new">+{changes.added}</span>{' '}
          <span class="detail-old">−{changes.removed}</span>
        </p>
      )}
      {detail !== '' && <DetailText runs={runs} />}
      {detailBytes !== null && (
        <button
          class="button button-small detail-more"
          type="button"
          hx-get={approvalDetailUrl(approvalId)}
          hx-target="closest .detail"
          hx-swap="outerHTML"
        >
          Show all ({formatSize(detailBytes)})
        </button>
      )}
    </div>
  );
}

/** The response of the button: the whole detail, without marks. */
export function WholeDetail({ detail }: { detail: string }) {
  return (
    <div class="detail">
      <DetailText runs={[{ kind: 'plain', text: detail }]} />
    </div>
  );
}

function DetailText({ runs }: { runs: readonly Run[] }) {
  return (
    <pre tabIndex={0} role="region" aria-label="Request details">
      <code>
        {runs.map(({ kind, text }, index) => (
          <span key={index} class={`detail-${kind}`}>
            {`${text}\n`}
          </span>
        ))}
      </code>
    </pre>
  );
}
