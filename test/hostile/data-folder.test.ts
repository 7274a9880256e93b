// The files of the compiled hub, and what other users of its machine can read.
import { expect, test } from 'bun:test';
import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { buildBinary, PASSWORD } from '../support/binary.ts';
import { startProcess } from '../support/processes.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

/** Starts a hub that must not rely on its umask, and stops it. Returns the modes of its files while it ran. */
async function readModes(data: string): Promise<Record<string, string>> {
  const script = 'umask 0; exec "$0" serve --port 0 --data "$1"';
  const hub = startProcess(['sh', '-c', script, buildBinary(), data], {
    SIGNALBOX_ADMIN_PASSWORD: PASSWORD,
  });
  await hub.waitForOutput(/Signalbox is ready at (\S+)/);
  const files = ['.', ...readdirSync(data)];
  const modes = files.map((file) => [file, (statSync(join(data, file)).mode & 0o777).toString(8)]);
  hub.kill('SIGTERM');
  await hub.exited;
  return Object.fromEntries(modes) as Record<string, string>;
}

test('other users cannot read the data, in a new folder, an existing one, and after a change', async () => {
  const folder = createTemporaryFolder();
  const existing = join(folder.path, 'existing');
  mkdirSync(existing);
  chmodSync(existing, 0o755);
  for (const data of [join(folder.path, 'new'), existing, existing]) {
    const modes = await readModes(data);
    expect(Object.keys(modes)).toContain('signalbox.db-wal');
    expect(Object.keys(modes)).toContain('jwt-secret');
    const expected = Object.keys(modes).map((file) => [file, file === '.' ? '700' : '600']);
    expect(modes).toEqual(Object.fromEntries(expected));
    for (const file of readdirSync(data)) chmodSync(join(data, file), 0o644);
    chmodSync(data, 0o755);
  }
  folder.remove();
}, 60_000);
