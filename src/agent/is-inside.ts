// Whether a path belongs to a folder.
import { relative } from 'node:path';

/** Whether a path is the folder itself or inside it. Both must be absolute; symbolic links are not resolved. */
export function isInside(folder: string, path: string): boolean {
  const steps = relative(folder, path);
  return steps !== '..' && !steps.startsWith('../');
}
