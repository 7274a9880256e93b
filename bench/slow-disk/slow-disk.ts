// Simulates a disk whose syncs take a given time: a library that the hub is started with (LD_PRELOAD).
import { join } from 'node:path';

const SOURCE = join(import.meta.dir, 'slow-disk.c');

/**
 * Compiles the library. Returns its path, or null if there is no C compiler.
 * @throws if it does not compile
 */
export function buildSlowDisk(library: string): string | null {
  const compiler = Bun.which('cc');
  if (compiler === null) return null;
  const { success, stderr } = Bun.spawnSync(
    [compiler, '-O2', '-Wall', '-Wextra', '-shared', '-fPIC', '-o', library, SOURCE],
    { stderr: 'pipe' },
  );
  if (!success) throw new Error(`Could not compile ${SOURCE}: ${stderr.toString()}`);
  return library;
}

/** The environment of a process for which each sync takes this long. 0 is an instant disk. */
export function slowDiskEnvironment(library: string, delayMs: number): Record<string, string> {
  return { LD_PRELOAD: library, SLOW_DISK_MS: String(delayMs) };
}
