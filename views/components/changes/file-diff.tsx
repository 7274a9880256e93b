// The diff of one file, in one column or two. The number of a line is the button that comments on it.
import type { FileChange } from '../../../src/protocol/changes.ts';
import { showControls } from '../../format/control-characters.ts';
import { formatCount } from '../../format/units.ts';
import { markWords, type Segment, toSplitRows } from './diff-rows.ts';
import { type DiffLine, type Hunk, parsePatch, type Side } from './parse-patch.ts';

/** How diffs are shown: in one column, or old and new side by side. */
export type DiffView = 'unified' | 'split';

type Marks = ReadonlyMap<DiffLine, Segment[]>;

interface RowsProps {
  hunk: Hunk;
  marks: Marks;
  canComment: boolean;
}

const OMISSIONS = {
  too_large: 'The rest of this diff is too large to show.',
  limit: 'This diff is not included: the changes of this command are too large together.',
  failed: 'This diff is not included: the agent could not read it in time.',
} as const;

interface FileDiffProps {
  file: FileChange;
  view: DiffView;
  canComment: boolean;
}

export function FileDiff({ file, view, canComment }: FileDiffProps) {
  const hunks = parsePatch(file.patch ?? '');
  const marks = markWords(hunks);
  const Rows = view === 'split' ? SplitRows : UnifiedRows;
  return (
    <div class="diff-body">
      <FileNotes file={file} />
      {hunks.length > 0 && (
        <table class={`diff diff-${view}`} aria-label={`Diff of ${showControls(file.path)}`}>
          <Columns view={view} />
          {hunks.map((hunk, index) => (
            <tbody key={index}>
              <HunkHeader
                hunk={hunk}
                previous={hunks[index - 1]}
                columns={view === 'split' ? 4 : 3}
              />
              <Rows {...{ hunk, marks, canComment }} />
            </tbody>
          ))}
        </table>
      )}
      {file.omitted && (
        <p class="diff-note">
          {file.omitted === 'too_large' && !file.patch
            ? 'This diff is too large to show.'
            : OMISSIONS[file.omitted]}
        </p>
      )}
    </div>
  );
}

/** The widths of the columns: the first row may be the heading of a hunk, which spans all of them. */
function Columns({ view }: { view: DiffView }) {
  return (
    <colgroup>
      <col class="diff-column-number" />
      {view === 'split' && <col />}
      <col class="diff-column-number" />
      <col />
    </colgroup>
  );
}

/** What a diff does not say: that a file is binary, empty, executable, or only renamed. */
function FileNotes({ file }: { file: FileChange }) {
  const { isBinary, oldMode, newMode, patch, omitted } = file;
  const modes = [oldMode, newMode].flatMap((mode) => mode ?? []).map(describeMode);
  const isOnlyRenamed = file.kind === 'renamed' && !patch && !isBinary && !omitted;
  const isEmpty = (file.kind === 'added' || file.kind === 'deleted') && !patch && !isBinary;
  return (
    <>
      {isBinary && <p class="diff-note">Binary file. Its content is not shown.</p>}
      {modes.length > 0 && <p class="diff-note">{modes.join(' → ')}</p>}
      {isOnlyRenamed && <p class="diff-note">Renamed without changes.</p>}
      {isEmpty && !omitted && <p class="diff-note">Empty file.</p>}
    </>
  );
}

const MODES: Record<string, string> = {
  '100644': 'Regular file',
  '100755': 'Executable file',
  '120000': 'Symbolic link',
};
const describeMode = (mode: string) => MODES[mode] ?? mode;

/** Says how many lines are left out before a hunk. */
function HunkHeader(props: { hunk: Hunk; previous: Hunk | undefined; columns: number }) {
  const { hunk, previous, columns } = props;
  const last = previous?.lines.findLast(({ newNumber }) => newNumber !== null);
  const skipped = hunk.newStart - 1 - (last?.newNumber ?? (previous ? previous.newStart : 0));
  if (skipped <= 0 && hunk.heading === '' && !previous) return null;
  return (
    <tr class="diff-hunk">
      <td colSpan={columns}>
        {skipped > 0 && `${formatCount(skipped, 'unchanged line')} `}
        {hunk.heading !== '' && <code>{showControls(hunk.heading)}</code>}
      </td>
    </tr>
  );
}

function UnifiedRows({ hunk, marks, canComment }: RowsProps) {
  return (
    <>
      {hunk.lines.map((line, index) => (
        <tr key={index} class={`diff-line diff-line-${line.kind}`}>
          <NumberCell
            side="old"
            number={line.oldNumber}
            canComment={canComment && line.kind === 'old'}
          />
          <NumberCell
            side="new"
            number={line.newNumber}
            canComment={canComment && line.kind !== 'old'}
          />
          <TextCell line={line} marks={marks} />
        </tr>
      ))}
    </>
  );
}

function SplitRows({ hunk, marks, canComment }: RowsProps) {
  return (
    <>
      {toSplitRows(hunk.lines).map((row, index) => (
        <tr key={index} class="diff-line">
          <NumberCell
            side="old"
            number={row.old?.oldNumber ?? null}
            canComment={canComment && row.old?.kind === 'old'}
          />
          <TextCell line={row.old} marks={marks} />
          <NumberCell side="new" number={row.new?.newNumber ?? null} canComment={canComment} />
          <TextCell line={row.new} marks={marks} />
        </tr>
      ))}
    </>
  );
}

/** Only the first button of a file is in the tab order; the arrow keys move between them. */
function NumberCell(props: { side: Side; number: number | null; canComment: boolean }) {
  const { side, number, canComment } = props;
  if (number === null) return <td class="diff-number" />;
  if (!canComment) return <td class="diff-number">{number}</td>;
  return (
    <td class="diff-number">
      <button type="button" tabIndex={-1} data-comment={`${side}:${number}`}>
        {number}
      </button>
    </td>
  );
}

const SIGNS = { same: ' ', old: '-', new: '+' } as const;

/** The sign is text, so that color is not the only difference and a copied diff is one. */
function TextCell({ line, marks }: { line: DiffLine | null; marks: Marks }) {
  if (!line) return <td class="diff-none" />;
  const segments = marks.get(line) ?? [{ text: line.text, isChanged: false }];
  return (
    <td class={`diff-text diff-text-${line.kind}`}>
      <span class="diff-sign">{SIGNS[line.kind]}</span>
      {segments.map(({ text, isChanged }, index) =>
        isChanged ? <mark key={index}>{showControls(text)}</mark> : showControls(text),
      )}
      {line.isUnterminated && (
        <span class="diff-unterminated" title="No line break at the end of the file">
          {' no line break at the end'}
        </span>
      )}
    </td>
  );
}
