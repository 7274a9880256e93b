// Keeps the hub's data out of reach of relative paths in commands.
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isInside } from '../agent/is-inside.ts';
import { CliError } from './cli-error.ts';

/**
 * Checks that neither the data folder nor the working directory of commands contains the other.
 * @throws {CliError}
 */
export function requireSeparateFolders(data: string, cwd: string): void {
  const [dataPath, cwdPath] = [resolveLinks(data), resolveLinks(cwd)];
  if (isInside(cwdPath, dataPath)) {
    throw new CliError(
      `The data folder ${dataPath} is inside the working directory ${cwdPath}, where commands run. Choose another folder with --data or --cwd.`,
    );
  }
  if (isInside(dataPath, cwdPath)) {
    throw new CliError(
      `The working directory ${cwdPath} is inside the data folder ${dataPath}. Choose another folder with --data or --cwd.`,
    );
  }
}

/** Resolves symbolic links, also if the path, or the end of it, does not exist yet. */
function resolveLinks(path: string): string {
  const absolute = resolve(path);
  if (existsSync(absolute)) return realpathSync(absolute);
  const parent = dirname(absolute);
  return parent === absolute ? absolute : join(resolveLinks(parent), basename(absolute));
}
