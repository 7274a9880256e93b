// The executable without the fencing of writes, to show that the checks find what it prevents: a copy of the source in which the
// check always succeeds.
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const REPOSITORY = join(import.meta.dir, '../..');
/** What `make build` needs. */
const COPIED = [
  'Makefile',
  'package.json',
  'bun.lock',
  'bunfig.toml',
  'tsconfig.json',
  'src',
  'views',
  'public',
];
const PATCHED = 'src/store/postgres/fence-check.ts';
const CHECK = 'return (fence) => held.get(fence.agentId) === fence.epoch;';

/** Builds it in an empty folder, and returns its path. @throws if the check is not where it is expected */
export function buildUnfenced(folder: string): string {
  const copy = join(folder, 'unfenced');
  mkdirSync(copy);
  for (const name of COPIED) {
    cpSync(join(REPOSITORY, name), join(copy, name), { recursive: true, preserveTimestamps: true });
  }
  symlinkSync(join(REPOSITORY, 'node_modules'), join(copy, 'node_modules'));
  const file = join(copy, PATCHED);
  const source = readFileSync(file, 'utf8');
  if (source.split(CHECK).length !== 2) throw new Error(`${PATCHED} does not contain: ${CHECK}`);
  writeFileSync(file, source.replace(CHECK, 'return () => held !== undefined;'));
  const built = Bun.spawnSync(['make', 'build'], { cwd: copy, stdout: 'ignore', stderr: 'pipe' });
  if (!built.success) throw new Error(`make build failed: ${built.stderr.toString()}`);
  return join(copy, 'dist/signalbox');
}
