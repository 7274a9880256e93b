// The changed files between two snapshots, from the output of `git diff-index --raw --numstat -z`.
import type { FileChange } from '../../protocol/changes.ts';

export interface ChangedFile {
  kind: FileChange['kind'];
  /** The paths before and after, as bytes in Latin-1. They differ only if the file was renamed. */
  oldPath: string;
  newPath: string;
  oldMode: string;
  newMode: string;
  /** The hashes of the contents before and after. The hash of a file that does not exist consists of zeros. */
  oldHash: string;
  newHash: string;
  /** The sizes before and after, in bytes; 0 if the file does not exist. Only of listed files. */
  oldSize: number;
  newSize: number;
  /** Added and removed lines; null for a binary file. */
  lines: { added: number; removed: number } | null;
}

const KINDS: Record<string, FileChange['kind']> = { A: 'added', D: 'deleted', R: 'renamed' };

/**
 * Reads all files from a list of fields. First, there are for each file its modes, hashes and kind in one field, and one or
 * two paths. Then there are for each file its counts and its path in one field, or two fields with paths if it was renamed.
 * @throws if the output is not as expected
 */
export function parseChangedFiles(output: Buffer): ChangedFile[] {
  const fields = output.toString('latin1').split('\0');
  const files: ChangedFile[] = [];
  let at = 0;
  const next = () => fields[at++] ?? '';
  while (fields[at]?.startsWith(':')) {
    const [oldMode = '', newMode = '', oldHash = '', newHash = '', kind = ''] = next().split(' ');
    const oldPath = next();
    const isRenamed = kind.startsWith('R');
    files.push({
      kind: KINDS[kind.slice(0, 1)] ?? 'modified',
      oldPath,
      newPath: isRenamed ? next() : oldPath,
      oldMode: oldMode.slice(1),
      newMode,
      oldHash,
      newHash,
      oldSize: 0,
      newSize: 0,
      lines: null,
    });
  }
  for (const file of files) {
    const [added = '', removed = '', ...rest] = next().split('\t');
    let path = rest.join('\t');
    if (path === '') {
      next();
      path = next();
    }
    if (path !== file.newPath) throw new Error('unexpected path');
    if (added !== '-') file.lines = { added: Number(added), removed: Number(removed) };
  }
  return files;
}
