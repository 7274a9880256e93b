// Lists the files of a folder that is not in a git repository. It follows no symbolic links, and stops at its limits.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders whose files are generated or installed. They are skipped. */
const SKIPPED = new Set(['.git', '.hg', '.svn', 'node_modules', '__pycache__', '.venv', '.cache']);

export interface WalkLimits {
  maxFiles: number;
  /** Stops the walk. */
  signal: AbortSignal;
}

export interface FileList {
  /** Paths relative to the folder. */
  files: string[];
  /** Whether there are more files. */
  isTruncated: boolean;
}

/** Lists files breadth first, so that those near the top are found in a folder that is too large. Never rejects. */
export async function walkFolder(
  root: string,
  { maxFiles, signal }: WalkLimits,
): Promise<FileList> {
  const files: string[] = [];
  const folders = [''];
  for (let next = folders.shift(); next !== undefined; next = folders.shift()) {
    if (signal.aborted) return { files, isTruncated: true };
    // A folder that cannot be read, or that was removed meanwhile, is left out.
    const entries = await readdir(join(root, next), { withFileTypes: true }).catch(() => []);
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(next, entry.name);
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) folders.push(path);
      if (!entry.isFile()) continue;
      if (files.length >= maxFiles) return { files, isTruncated: true };
      files.push(path);
    }
    if (folders.length > maxFiles) return { files, isTruncated: true };
  }
  return { files, isTruncated: false };
}
