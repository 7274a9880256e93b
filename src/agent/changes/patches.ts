// Splits the output of `git diff-index --patch` into the patches of the files.
import type { ChangedFile } from './changed-file.ts';

export interface FilePatch {
  /** All lines from the first `@@` on; empty if there are none. */
  hunks: string;
  /** Git has shown it as binary. */
  isBinary: boolean;
}

const FILE = '\ndiff --git ';
const HUNK = '\n@@ ';

/**
 * Assigns the patches to the files, which are in the same order.
 * Lines of files begin with a character of their own in a patch, and names are quoted: neither can look like a header.
 * @param isCut whether the end of the output is missing: the last files then have no patch
 * @throws if the output is not as expected
 */
export function parsePatches(
  output: Buffer,
  files: readonly ChangedFile[],
  isCut: boolean,
): Map<ChangedFile, FilePatch> {
  const [start, ...sections] = `\n${output.toString('utf8')}`.split(FILE);
  if (start?.trim() !== '') throw new Error('unexpected patch');
  if (isCut) sections.pop();
  const patches = new Map<ChangedFile, FilePatch>();
  let at = 0;
  for (const file of files) {
    const count = hasTwoPatches(file) ? 2 : 1;
    if (at + count > sections.length) break;
    const parts = sections.slice(at, at + count).map(parsePatch);
    patches.set(file, {
      hunks: parts.map(({ hunks }) => hunks).join(''),
      isBinary: parts.some(({ isBinary }) => isBinary),
    });
    at += count;
  }
  return patches;
}

/** A file that replaces a symbolic link, or the reverse, is deleted and created. */
function hasTwoPatches({ oldMode, newMode, kind }: ChangedFile): boolean {
  const type = (mode: string) => mode.slice(0, 2);
  return kind === 'modified' && type(oldMode) !== type(newMode);
}

function parsePatch(section: string): FilePatch {
  const at = section.indexOf(HUNK);
  const header = at === -1 ? section : section.slice(0, at);
  const hunks = at === -1 ? '' : section.slice(at + 1);
  const isBinary = header.split('\n').some((line) => line.startsWith('Binary files '));
  return { hunks: hunks === '' || hunks.endsWith('\n') ? hunks : `${hunks}\n`, isBinary };
}
