// `signalbox logs`: the output of a command, and the size of what is missing.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { startAgentBinary, startHubBinary } from '../support/binary.ts';
import { type Cli, createCli, parseLines } from '../support/cli.ts';
import type { RunningProcess } from '../support/processes.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
let hub: Awaited<ReturnType<typeof startHubBinary>>;
let agents: RunningProcess[];
let cli: Cli;

beforeAll(async () => {
  hub = await startHubBinary(join(folder.path, 'data'), ['--transcripts', '0']);
  agents = await Promise.all(
    ['a1', 'removed'].map((id) => startAgentBinary(hub.url, id, folder.path)),
  );
  cli = await createCli(hub.url, folder.path);
});
afterAll(async () => {
  for (const running of [...agents, hub]) running.kill('SIGTERM');
  await Promise.all([...agents, hub].map(({ exited }) => exited));
  folder.remove();
});

/** Runs a command to its end and returns its ID. */
async function runToEnd(agentId: string, command: string): Promise<string> {
  const { stdout } = await cli.run('run', '--json', '--agent', agentId, command);
  return parseLines(stdout)[0]!['commandId'] as string;
}

describe('output that the hub has dropped', () => {
  const length = 7_000_000;
  let id: string;
  beforeAll(async () => {
    id = await runToEnd('a1', `!head -c ${length} /dev/zero | tr '\\0' x`);
  });

  test.each(['logs', 'logs -f'])('is reported on stderr by %s', async (words) => {
    const { stdout, stderr, exitCode } = await cli.run(...words.split(' '), id);
    const [, bytes = ''] =
      /^\[([\d,]+) bytes of output are missing: terminal buffer overflow on the hub\]\n$/.exec(
        stderr,
      ) ?? [];
    expect(bytes).toMatch(/^\d,\d{3},\d{3}$/);
    expect(stdout).toMatch(/^x+$/);
    expect(stdout.length + Number(bytes.replaceAll(',', ''))).toBe(length);
    expect(exitCode).toBe(0);
  });

  test('is a line of JSON, before the output', async () => {
    const { stdout, stderr, exitCode } = await cli.run('logs', '--json', id);
    const [gap, ...rest] = parseLines(stdout);
    const output = rest.filter(({ type }) => type === 'terminal:output');
    const outputLength = output.reduce((sum, { data }) => sum + String(data).length, 0);
    expect(gap).toMatchObject({
      type: 'terminal:gap',
      commandId: id,
      fromSequence: 0,
      toSequence: output[0]!['sequence'],
      bytes: length - outputLength,
      reason: 'buffer_overflow',
    });
    expect(rest.at(-1)).toMatchObject({ type: 'terminal:complete', totalBytes: length });
    expect([stderr, exitCode]).toEqual(['', 0]);
  });
});

test('stdout and stderr of the command are kept apart', async () => {
  const id = await runToEnd('a1', '!echo out; echo err >&2');
  expect(await cli.run('logs', id)).toEqual({ stdout: 'out\n', stderr: 'err\n', exitCode: 0 });
});

describe('output that the hub no longer has', () => {
  let id: string;
  beforeAll(async () => {
    id = await runToEnd('removed', '!echo some output');
    const url = `${hub.url}/api/v1/agents/removed`;
    await fetch(url, { method: 'DELETE', headers: cli.headers });
  });

  test.each(['logs', 'logs --json'])('is an error of %s', async (words) => {
    expect(await cli.run(...words.split(' '), id)).toEqual({
      stdout: '',
      stderr: 'Error: The output of this command is no longer available.\n',
      exitCode: 1,
    });
  });

  test('is an error of logs -f', async () => {
    expect(await cli.run('logs', '-f', id)).toEqual({
      stdout: '',
      stderr: '[12 bytes of output are missing: no longer available on the hub]\n',
      exitCode: 1,
    });
  });
});
