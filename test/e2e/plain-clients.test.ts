// Protocol compatibility: clients written only from the documentation, in Node.js with the ws library.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { addAgent, PASSWORD, startHubBinary } from '../support/binary.ts';
import { startProcess } from '../support/processes.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
let hub: Awaited<ReturnType<typeof startHubBinary>>;

beforeAll(async () => {
  hub = await startHubBinary(folder.path);
});
afterAll(async () => {
  hub.kill('SIGTERM');
  expect(await hub.exited).toBe(0);
  folder.remove();
});

function script(name: string): string {
  return join(import.meta.dir, '..', 'support', name);
}

test('a dashboard that knows only six message types works with an independent agent', async () => {
  const token = await addAgent(hub.url, 'plain');
  const agent = startProcess(['node', script('hub/plain-agent.mjs'), hub.url, 'plain', 'claude'], {
    AGENT_TOKEN: token,
  });
  await agent.waitForOutput(/welcome/);
  const dashboard = startProcess([
    'node',
    script('hub/plain-dashboard.mjs'),
    hub.url,
    'admin',
    PASSWORD,
    'plain',
    '!echo hello',
  ]);
  expect(await dashboard.exited).toBe(0);
  const lines = dashboard.output().trim().split('\n');
  expect(lines.filter((line) => line.startsWith('command'))).toEqual([
    'command queued',
    'command running',
    'command completed 0',
  ]);
  expect(lines.filter((line) => line.startsWith('output'))).toEqual([
    String.raw`output 0 stdout "you said !echo hello\n"`,
    String.raw`output 1 stderr "and a warning\n"`,
    String.raw`output 2 stdout "done\n"`,
  ]);
  expect(lines).toContain('agent plain busy');
  agent.kill('SIGTERM');
  await agent.exited;
}, 60_000);
