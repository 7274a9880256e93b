// The changed files of a command: a list of them with their counts, and their diffs.
import type { ChangesResponse } from '../../../src/protocol/api.ts';
import type { Changes } from '../../../src/protocol/report.ts';
import { formatSize } from '../../../src/protocol/size.ts';
import { RETRY } from '../../events.ts';
import { showControls } from '../../format/control-characters.ts';
import { formatCount } from '../../format/units.ts';
import { changedFileUrl, revertUrl } from '../../urls.ts';
import { DialogButton } from '../dialog.tsx';
import { type DiffView, FileDiff } from './file-diff.tsx';

export type ListedFile = ChangesResponse['files'][number];

/** How many lines of diffs are on the page at first: of one file, and of all together. The others open on request. */
const MAX_OPEN_LINES = 400;
const MAX_PAGE_LINES = 1_500;

const KINDS = { added: 'Added', deleted: 'Deleted', modified: 'Modified', renamed: 'Renamed' };
const LETTERS = { added: 'A', deleted: 'D', modified: 'M', renamed: 'R' };

interface ChangedFilesProps {
  changes: ChangesResponse;
  view: DiffView;
  canComment: boolean;
  canRevert: boolean;
}

/** The diffs of all files. Long ones are closed, and loaded when they are opened. */
export function ChangedFiles({ changes, view, canComment, canRevert }: ChangedFilesProps) {
  const { commandId, files, omittedFiles } = changes;
  let lines = 0;
  const isOpen = ({ patch }: ListedFile) => {
    const length = countLines(patch);
    if (length > MAX_OPEN_LINES || lines + length > MAX_PAGE_LINES) return false;
    lines += length;
    return true;
  };
  return (
    <div class="changed-files">
      {files.map((file, index) => (
        <ChangedFile
          key={file.path}
          id={fileId(commandId, index)}
          {...{ commandId, file, view, canComment, canRevert }}
          isOpen={isOpen(file)}
        />
      ))}
      {omittedFiles > 0 && (
        <p class="diff-note">
          {formatCount(omittedFiles, 'more file')} changed. They are counted, but not listed.
        </p>
      )}
    </div>
  );
}

function countLines(patch: string | undefined): number {
  return patch === undefined ? 0 : patch.split('\n').length;
}

const fileId = (commandId: string, index: number) => `file-${commandId}-${index}`;

interface ChangedFileProps extends Omit<ChangedFilesProps, 'changes'> {
  id: string;
  commandId: string;
  file: ListedFile;
  isOpen: boolean;
}

function ChangedFile(props: ChangedFileProps) {
  const { id, commandId, file, view, canComment, canRevert, isOpen } = props;
  return (
    <div class="changed-file" data-command={commandId} data-path={file.path}>
      <details id={id} open={isOpen}>
        <summary class="changed-file-head">
          <FileKind kind={file.kind} />
          <FileName file={file} />
          {file.isReverted && <span class="badge">Reverted</span>}
          <FileCounts file={file} />
        </summary>
        {isOpen ? (
          <FileDiff {...{ file, view, canComment }} />
        ) : (
          <div
            class="diff-body diff-note"
            hx-get={changedFileUrl(commandId, file.path, view)}
            hx-trigger={`toggle from:"closest details" once, ${RETRY}`}
            hx-swap="outerHTML"
            data-retry
          >
            Loading…
          </div>
        )}
      </details>
      {canRevert && file.isRevertible && !file.isReverted && (
        <div class="changed-file-actions">
          <DialogButton
            url={revertUrl(commandId, file.path)}
            kind="small"
            label={`Revert ${showControls(file.path)}`}
          >
            Revert…
          </DialogButton>
        </div>
      )}
    </div>
  );
}

function FileKind({ kind }: Pick<ListedFile, 'kind'>) {
  return (
    <span class={`file-kind file-kind-${kind}`} title={KINDS[kind]} aria-label={KINDS[kind]}>
      {LETTERS[kind]}
    </span>
  );
}

/** The name is more important than its folder, and stays visible when the path is too long. */
function FileName({ file: { path, oldPath } }: { file: ListedFile }) {
  const shown = showControls(path);
  const at = shown.lastIndexOf('/') + 1;
  return (
    <span class="file-name" title={oldPath ? `${showControls(oldPath)} → ${shown}` : shown}>
      {oldPath !== undefined && <span class="file-old">{showControls(oldPath)} → </span>}
      <span class="file-folder">{shown.slice(0, at)}</span>
      <b>{shown.slice(at)}</b>
    </span>
  );
}

function FileCounts({ file }: { file: ListedFile }) {
  const { isBinary, oldSize = 0, newSize = 0, kind } = file;
  if (!isBinary && file.added + file.removed === 0) return null;
  if (!isBinary) return <Counts {...file} />;
  const sizes = [kind !== 'added' && oldSize, kind !== 'deleted' && newSize];
  const shown = sizes.filter((size) => size !== false).map((size) => formatSize(size));
  return <span class="counts">{shown.join(' → ')}</span>;
}

export function Counts({ added, removed }: Pick<Changes, 'added' | 'removed'>) {
  return (
    <span class="counts">
      <span class="counts-added">+{added}</span> <span class="counts-removed">−{removed}</span>
    </span>
  );
}

/** Links to the diffs. @param base the page with the diffs; empty on that page itself */
export function FileList(props: { changes: ChangesResponse; base?: string; limit?: number }) {
  const { changes, base = '', limit = Infinity } = props;
  const { commandId, files, omittedFiles } = changes;
  const hidden = Math.max(0, files.length - limit) + omittedFiles;
  return (
    <ul class="file-list">
      {files.slice(0, limit).map((file, index) => (
        <li key={file.path}>
          <a href={`${base}#${encodeURIComponent(fileId(commandId, index))}`}>
            <FileKind kind={file.kind} />
            <FileName file={file} />
            <FileCounts file={file} />
          </a>
        </li>
      ))}
      {hidden > 0 && (
        <li class="file-list-more">
          {base === '' ? (
            formatCount(hidden, 'more file')
          ) : (
            <a href={base}>{formatCount(hidden, 'more file')}</a>
          )}
        </li>
      )}
    </ul>
  );
}
