// What a file contains before a tool call overwrites it. Claude Code reports such a file as a new one until the call ends.
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { isInside } from '../is-inside.ts';

const MAX_BYTES = 262_144;

/**
 * Reads the text of a file.
 * @param folder a file outside of this folder is not read
 * @returns null if there is no such file; empty if it is too large, or no text
 */
export function readOverwrittenText(folder: string, path: string): string | null {
  try {
    const file = realpathSync(path);
    const stat = statSync(file);
    if (!stat.isFile() || !isInside(realpathSync(folder), file)) return null;
    if (stat.size > MAX_BYTES) return '';
    const text = readFileSync(file, 'utf8');
    return text.includes('\0') ? '' : text;
  } catch {
    return null;
  }
}
