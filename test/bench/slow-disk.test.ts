import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { buildSlowDisk, slowDiskEnvironment } from '../../bench/slow-disk/slow-disk.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const DELAY_MS = 40;
const SYNCS = 3;

/** Syncs a file a few times in another process, and returns how long that took. */
const script = (file: string) => `
  const { fdatasyncSync, fsyncSync, openSync } = require('node:fs');
  const file = openSync(${JSON.stringify(file)}, 'w');
  const startedAt = performance.now();
  for (let i = 0; i < ${SYNCS}; i += 1) { fsyncSync(file); fdatasyncSync(file); }
  console.log(performance.now() - startedAt);
`;

test.if(Bun.which('cc') !== null)('each fsync and fdatasync takes the given time', () => {
  const folder = createTemporaryFolder();
  const library = buildSlowDisk(join(folder.path, 'slow-disk.so'));
  if (library === null) throw new Error('There is no C compiler.');
  const { stdout } = Bun.spawnSync([process.execPath, '-e', script(join(folder.path, 'file'))], {
    env: { ...process.env, ...slowDiskEnvironment(library, DELAY_MS) },
  });
  expect(Number(stdout.toString())).toBeGreaterThanOrEqual(2 * SYNCS * DELAY_MS);
  folder.remove();
});
