// `signalbox run` with two agents: output, results and exit codes.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildBinary, signInToApi, startAgentBinary, startHubBinary } from '../support/binary.ts';
import { startProcess } from '../support/processes.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
let hub: Awaited<ReturnType<typeof startHubBinary>>;
let agents: Awaited<ReturnType<typeof startAgentBinary>>[];
let token: string;

beforeAll(async () => {
  hub = await startHubBinary(join(folder.path, 'data'));
  agents = await Promise.all(
    ['left', 'right'].map((id) => {
      mkdirSync(join(folder.path, id));
      return startAgentBinary(hub.url, id, join(folder.path, id));
    }),
  );
  token = (await signInToApi(hub.url))['authorization']!.slice(7);
});
afterAll(async () => {
  for (const process of [...agents, hub]) process.kill('SIGTERM');
  await Promise.all([...agents, hub].map(({ exited }) => exited));
  folder.remove();
});

const cli = (...words: string[]) =>
  startProcess([buildBinary(), ...words, '--hub', hub.url], { SIGNALBOX_TOKEN: token });

test('prefixes output with the agent ID, and prints a table of results', async () => {
  const run = cli('run', '--agent', 'left,right', '!echo one; printf two; basename $PWD');
  expect(await run.exited).toBe(0);
  const text = run.output();
  expect(text).toContain('left  │ one\n');
  expect(text).toContain('left  │ twoleft\n');
  expect(text).toContain('right │ tworight\n');
  expect(text).toMatch(/AGENT +STATUS +TIME +COST +TOKENS +CHANGES/);
  expect(text).toMatch(/left +completed +\d+(\.\d+)? m?s/);
  expect(text).toMatch(/right +completed +\d+(\.\d+)? m?s/);
  const [, url = ''] = /Compare in the browser: (\S+)/.exec(text) ?? [];
  const page = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  expect(page.status).toBe(200);
  const html = await page.text();
  for (const id of ['left', 'right']) expect(html).toContain(`aria-label="${id}"`);
});

test('exits with 1 if one agent fails', async () => {
  const run = cli('run', '--agent', 'left,right', '![ $(basename $PWD) = left ]');
  expect(await run.exited).toBe(1);
  expect(run.output()).toMatch(/right +failed/);
});

test('Ctrl-C interrupts all agents', async () => {
  const run = cli('run', '--agent', 'left,right', '!echo ready; sleep 77');
  await run.waitForOutput(/left +│ ready/);
  await run.waitForOutput(/right +│ ready/);
  run.kill('SIGINT');
  expect(await run.exited).toBe(1);
  expect(run.output()).toMatch(/left +interrupted/);
  expect(run.output()).toMatch(/right +interrupted/);
});

test('sends the command to no agent if one of them does not exist', async () => {
  const run = cli('run', '--agent', 'left,nobody', '!echo no');
  expect(await run.exited).toBe(125);
  expect(run.output()).toContain('Agent "nobody" not found.');
  expect(run.output()).not.toContain('│');
});

test('--json prints messages, with the results as the last line', async () => {
  const run = cli('run', '--json', '--agent', 'left,right', '!echo one');
  expect(await run.exited).toBe(0);
  const lines = run
    .output()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.filter(({ type }) => type === 'terminal:output')).toHaveLength(2);
  const { commands } = lines.at(-1);
  expect(commands.map(({ agentId }: { agentId: string }) => agentId)).toEqual(['left', 'right']);
});
