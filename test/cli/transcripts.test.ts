// Output that the hub keeps on disk: `signalbox logs` reads all of it and deletes it, `signalbox search` finds it.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { startAgentBinary, startHubBinary } from '../support/binary.ts';
import { type Cli, createCli, parseLines } from '../support/cli.ts';
import type { RunningProcess } from '../support/processes.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const LENGTH = 7_000_000;

const folder = createTemporaryFolder();
let hub: Awaited<ReturnType<typeof startHubBinary>>;
let agent: RunningProcess;
let cli: Cli;
let id: string;

beforeAll(async () => {
  hub = await startHubBinary(join(folder.path, 'data'));
  agent = await startAgentBinary(hub.url, 'a1', folder.path);
  cli = await createCli(hub.url, folder.path);
  const command = `!head -c ${LENGTH} /dev/zero | tr '\\0' x; echo; printf 'a %s is here' needle`;
  const { stdout } = await cli.run('run', '--json', '--agent', 'a1', command);
  id = parseLines(stdout)[0]?.['commandId'] as string;
});
afterAll(async () => {
  for (const running of [agent, hub]) running.kill('SIGTERM');
  await Promise.all([agent.exited, hub.exited]);
  folder.remove();
});

test.each(['logs', 'logs -f'])('all output is read by %s', async (words) => {
  const { stdout, stderr, exitCode } = await cli.run(...words.split(' '), id);
  expect(stdout.length).toBe(LENGTH + '\na needle is here'.length);
  expect(stdout).toMatch(/^x+\na needle is here$/);
  expect([stderr, exitCode]).toEqual(['', 0]);
});

test('a command is found by its output, with the line', async () => {
  const { stdout, exitCode } = await cli.run('search', 'NEEDLE is');
  expect(stdout).toContain(id);
  expect(stdout).toContain('a needle is here');
  expect(exitCode).toBe(0);
  const found = JSON.parse((await cli.run('search', '--json', 'needle is')).stdout);
  expect(found).toMatchObject({ commands: [{ id }], outputLines: { [id]: 'a needle is here' } });
  expect(await cli.run('search', 'haystack')).toEqual({ stdout: '', stderr: '', exitCode: 0 });
});

test('output can be deleted', async () => {
  expect(await cli.run('logs', '--delete', id)).toEqual({
    stdout: '',
    stderr: `Deleted the output of ${id}.\n`,
    exitCode: 0,
  });
  expect(await cli.run('logs', id)).toEqual({
    stdout: '',
    stderr: 'Error: The output of this command is no longer available.\n',
    exitCode: 1,
  });
  expect((await cli.run('search', 'needle is')).stdout).toBe('');
});
