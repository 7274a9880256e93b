// The disk of a running hub fills up and has free space again. A small tmpfs serves as the disk.
import { afterAll, expect, test } from 'bun:test';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  addAgent,
  buildBinary,
  PASSWORD,
  signInToApi,
  startAgentBinary,
} from '../support/binary.ts';
import { startProcess } from '../support/processes.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
afterAll(folder.remove);

/** Fills a file system completely. */
function fill(path: string) {
  const file = openSync(path, 'w');
  const block = Buffer.alloc(4_096);
  try {
    for (;;) writeSync(file, block);
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  }
  closeSync(file);
}

test('a full disk rejects commands but not output, and the hub recovers when space is free again', async () => {
  const data = join(folder.path, 'data');
  mkdirSync(data);
  const mount = `mount -t tmpfs -o size=32m tmpfs ${data} && exec ${buildBinary()} serve --port 0 --data ${data}`;
  const hub = startProcess(['unshare', '--map-root-user', '--mount', 'sh', '-c', mount], {
    SIGNALBOX_ADMIN_PASSWORD: PASSWORD,
  });
  const [, url = ''] = await hub.waitForOutput(/Signalbox is ready at (\S+)/);
  const agent = await startAgentBinary(url, 'a1', folder.path);
  const token = (await signInToApi(url))['authorization']!.slice(7);
  const cli = (...words: string[]) =>
    startProcess([buildBinary(), ...words, '--hub', url], { SIGNALBOX_TOKEN: token });
  Bun.spawnSync(['mkfifo', 'gate'], { cwd: folder.path });

  const flood = 'cat gate; seq -f "%08.0f" 1 400000; echo done; cat gate';
  const watched = cli('run', '--agent', 'a1', '--timeout', '1h', `!echo ready; ${flood}`);
  await watched.waitForOutput(/ready/);
  const filler = `/proc/${hub.pid}/root${data}/filler`;
  fill(filler);
  await hub.waitForOutput(/Cannot write to the database/);
  const health = await fetch(`${url}/healthz`);
  expect(health.status).toBe(503);
  expect(await health.json()).toMatchObject({ reason: expect.stringContaining('full') });
  expect(await cli('run', '--agent', 'a1', '!echo no').exited).toBe(125);

  await writeFile(join(folder.path, 'gate'), 'go\n');
  await watched.waitForOutput(/done/);
  expect(watched.output()).toContain('00399999\n00400000\n');

  rmSync(filler);
  await hub.waitForOutput(/Writes to the database succeed again/);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  await writeFile(join(folder.path, 'gate'), 'end\n');
  expect(await watched.exited).toBe(0);
  expect(await cli('run', '--agent', 'a1', '!echo yes').exited).toBe(0);
  expect(await addAgent(url, 'a2')).toBeString();
  for (const running of [agent, hub]) {
    running.kill('SIGTERM');
    expect(await running.exited).toBe(0);
  }
}, 60_000);
