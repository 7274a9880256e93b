// `signalbox run` with two agents: output, results and exit codes.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  binaryPath,
  logIn,
  start,
  startAgentBinary,
  startHubBinary,
  temporaryFolder,
} from '../support/hub/binary.ts';

const folder = temporaryFolder();
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
  token = (await logIn(hub.url))['authorization']!.slice(7);
});
afterAll(async () => {
  for (const process of [...agents, hub]) process.kill('SIGTERM');
  await Promise.all([...agents, hub].map(({ exited }) => exited));
  folder.remove();
});

const cli = (...words: string[]) =>
  start([binaryPath(), ...words, '--hub', hub.url], { SIGNALBOX_TOKEN: token });

test('prefixes output with the agent ID, and prints a table of results', async () => {
  const run = cli('run', '--agent', 'left,right', '!echo one; printf two; basename $PWD');
  expect(await run.exited).toBe(0);
  const text = run.text();
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
  expect(run.text()).toMatch(/right +failed/);
});

test('Ctrl-C interrupts all agents', async () => {
  const run = cli('run', '--agent', 'left,right', '!echo ready; sleep 77');
  await run.sees(/left +│ ready/);
  await run.sees(/right +│ ready/);
  run.kill('SIGINT');
  expect(await run.exited).toBe(1);
  expect(run.text()).toMatch(/left +interrupted/);
  expect(run.text()).toMatch(/right +interrupted/);
});

test('sends the command to no agent if one of them does not exist', async () => {
  const run = cli('run', '--agent', 'left,nobody', '!echo no');
  expect(await run.exited).toBe(1);
  expect(run.text()).toContain('There is no agent "nobody"');
  expect(run.text()).not.toContain('│');
});

test('--json prints messages, with the results as the last line', async () => {
  const run = cli('run', '--json', '--agent', 'left,right', '!echo one');
  expect(await run.exited).toBe(0);
  const lines = run
    .text()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.filter(({ type }) => type === 'terminal:output')).toHaveLength(2);
  const { commands } = lines.at(-1);
  expect(commands.map(({ agentId }: { agentId: string }) => agentId)).toEqual(['left', 'right']);
});
