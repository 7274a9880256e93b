// A hub is killed while commands run and wait, and started again.
import { afterAll, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandExecution } from '../../src/protocol/entities.ts';
import { buildBinary, signInToApi, startAgentBinary, startHubBinary } from '../support/binary.ts';
import { startProcess } from '../support/processes.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
afterAll(folder.remove);

test('kill -9 loses no accepted command: queued commands are restored and run in order', async () => {
  const data = join(folder.path, 'data');
  const first = await startHubBinary(data);
  const agent = await startAgentBinary(first.url, 'a1', folder.path);
  const headers = await signInToApi(first.url);
  const send = async (command: string, priority: string) => {
    const answer = await fetch(`${first.url}/api/v1/commands`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ agentId: 'a1', command, priority }),
    });
    expect(answer.status).toBe(202);
    return ((await answer.json()) as { commandId: string }).commandId;
  };
  Bun.spawnSync(['mkfifo', 'gate'], { cwd: folder.path });
  const gate = await send('!echo waiting; cat gate; echo through', 'normal');
  const cli = { SIGNALBOX_TOKEN: headers['authorization']!.slice(7) };
  const logs = (url: string, id: string) =>
    startProcess([buildBinary(), 'logs', '-f', '--hub', url, id], cli);
  const before = logs(first.url, gate);
  await before.waitForOutput(/waiting/);
  before.kill('SIGKILL');
  const low = await send('!echo low >> order', 'low');
  const normal = await send('!echo normal >> order', 'normal');
  const high = await send('!echo high >> order', 'high');

  first.kill('SIGKILL');
  await first.exited;
  const second = await startHubBinary(data, ['--port', new URL(first.url).port]);
  const find = async (path: string) =>
    (await fetch(`${second.url}/api/v1${path}`, { headers: await signInToApi(second.url) })).json();
  const queued = (await find('/commands?status=queued')) as { items: CommandExecution[] };
  expect(new Set(queued.items.map(({ id }) => id))).toEqual(new Set([low, normal, high]));

  const watched = logs(second.url, gate);
  await watched.waitForOutput(/waiting/);
  writeFileSync(join(folder.path, 'gate'), 'open\n');
  expect(await watched.exited).toBe(0);
  expect(watched.output()).toBe('waiting\nopen\nthrough\n');
  expect(await logs(second.url, low).exited).toBe(0);

  expect(await Bun.file(join(folder.path, 'order')).text()).toBe('high\nnormal\nlow\n');
  for (const id of [gate, low, normal, high]) {
    expect(await find(`/commands/${id}`)).toMatchObject({ status: 'completed', exitCode: 0 });
  }
  for (const running of [agent, second]) {
    running.kill('SIGTERM');
    expect(await running.exited).toBe(0);
  }
}, 60_000);
