// What the commands write into pipes: every byte arrives, also with a slow reader, and a closed reader ends the command.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startAgentBinary, startHubBinary } from '../support/binary.ts';
import { type Cli, createCli, parseLines } from '../support/cli.ts';
import type { RunningProcess } from '../support/processes.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
let hub: Awaited<ReturnType<typeof startHubBinary>>;
let agent: RunningProcess;
let cli: Cli;
/** A command that has written `LENGTH` characters. */
let commandId: string;

const LENGTH = 1_000_000;
const FLOOD = `!yes "a line of output" | head -c ${LENGTH}`;
const LINES = 'a line of output\n'.repeat(LENGTH / 17 + 1).slice(0, LENGTH);

beforeAll(async () => {
  hub = await startHubBinary(join(folder.path, 'data'));
  agent = await startAgentBinary(hub.url, 'a1', folder.path);
  cli = await createCli(hub.url, folder.path);
  const { stdout } = await cli.run('run', '--json', '--agent', 'a1', FLOOD);
  commandId = JSON.parse(stdout.split('\n')[0]!).commandId;
});
afterAll(async () => {
  for (const running of [agent, hub]) running.kill('SIGTERM');
  await Promise.all([agent.exited, hub.exited]);
  folder.remove();
});

/** Joins the output in lines of JSON. */
function outputOf(lines: string): string {
  const output = parseLines(lines).filter(({ type }) => type === 'terminal:output');
  return output.map(({ data }) => data).join('');
}

describe('a slow reader receives all output of', () => {
  test.each<[string, () => string[], (text: string) => string]>([
    ['logs', () => ['logs', commandId], String],
    ['logs --json', () => ['logs', '--json', commandId], outputOf],
    ['logs -f', () => ['logs', '-f', commandId], String],
    ['logs -f --json', () => ['logs', '-f', '--json', commandId], outputOf],
    ['run', () => ['run', '--agent', 'a1', FLOOD], String],
    ['run --json', () => ['run', '--json', '--agent', 'a1', FLOOD], outputOf],
  ])('%s', async (_, words, parse) => {
    const pipe = cli.createPipe();
    const child = cli.startInto(pipe, 'stdout', ...words());
    expect(parse(await pipe.readToEnd()) === LINES).toBe(true);
    expect(await child.exited).toBe(0);
  });
});

const commands: [string, string[], RegExp][] = [
  ['--help', ['--help'], /Usage: signalbox/],
  ['--version', ['--version'], /^\d/],
  ['help run', ['help', 'run'], /Usage: signalbox run/],
  ['ps', ['ps'], /a1 +claude/i],
  ['ps --json', ['ps', '--json'], /"agentId":"a1"/],
  ['doctor', ['doctor'], /Session: .*\n/],
  ['doctor --json', ['doctor', '--json'], /"name":"Session"/],
];

describe('a reader that starts late receives all output of', () => {
  test.each(commands)('%s', async (_, words, expected) => {
    const pipe = cli.createPipe();
    const filled = pipe.fill();
    const child = cli.startInto(pipe, 'stdout', ...words);
    const text = await pipe.readToEnd();
    expect(text.slice(filled)).toMatch(expected);
    expect(text.endsWith('\n')).toBe(true);
    expect([await child.other, await child.exited]).toEqual(['', 0]);
  });

  test('login', async () => {
    const pipe = cli.createPipe();
    const filled = pipe.fill();
    const child = cli.startInto(pipe, 'stdout', 'login');
    expect((await pipe.readToEnd()).slice(filled)).toMatch(/^Signed in to .*\n$/);
    expect(await child.exited).toBe(0);
  });

  test('interrupt', async () => {
    const running = cli.start('run', '--json', '--agent', 'a1', '!echo ready; sleep 77');
    const [, id = ''] = await running.waitForOutput(/"commandId":"([^"]+)".*ready/);
    const pipe = cli.createPipe();
    const filled = pipe.fill();
    const child = cli.startInto(pipe, 'stdout', 'interrupt', id);
    expect((await pipe.readToEnd()).slice(filled)).toContain(id);
    expect(await child.exited).toBe(0);
    expect(await running.exited).toBe(130);
  });

  test('an error', async () => {
    const pipe = cli.createPipe();
    const filled = pipe.fill();
    const child = cli.startInto(pipe, 'stderr', 'logs', 'unknown');
    expect((await pipe.readToEnd()).slice(filled)).toMatch(/^Error: .*\.\n$/);
    expect(await child.exited).toBe(1);
  });
});

describe('a closed reader quietly ends', () => {
  test.each<[string, () => string[]]>([
    ['logs', () => ['logs', commandId]],
    ['logs --json', () => ['logs', '--json', commandId]],
    ['logs -f', () => ['logs', '-f', commandId]],
    ['run', () => ['run', '--agent', 'a1', FLOOD]],
    ['run --json', () => ['run', '--json', '--agent', 'a1', FLOOD]],
    ['login', () => ['login']],
    ...commands.map(([name, words]): [string, () => string[]] => [name, () => words]),
  ])('%s', async (_, words) => {
    const pipe = cli.createPipe();
    pipe.closeReadEnd();
    const child = cli.startInto(pipe, 'stdout', ...words());
    expect([await child.exited, (await child.other).replace(/^Command ID: .*\n/, '')]).toEqual([
      141,
      '',
    ]);
  });

  test('logs after the first line', async () => {
    const pipeline = '"$0" logs "$1" | head -n 1; echo ${PIPESTATUS[0]}';
    const child = Bun.spawn(['bash', '-c', pipeline, cli.binary, commandId], {
      env: { ...process.env, ...cli.env },
      stderr: 'pipe',
    });
    expect(await new Response(child.stdout).text()).toBe('a line of output\n141\n');
    expect(await new Response(child.stderr).text()).toBe('');
  });
});

test('output that cannot be written is an error', async () => {
  const pipeline = '"$0" logs "$1" >/dev/full';
  const child = Bun.spawn(['bash', '-c', pipeline, cli.binary, commandId], {
    env: { ...process.env, ...cli.env },
    stderr: 'pipe',
  });
  expect(await new Response(child.stderr).text()).toMatch(/^Error: Cannot write .*no space.*\n$/);
  expect(await child.exited).toBe(1);
});

test('a reader that has stopped does not fill the memory, and receives everything once it reads on', async () => {
  // Sockets and pipes hold several megabytes.
  const length = 32_000_000;
  const gate = join(folder.path, 'gate');
  Bun.spawnSync(['mkfifo', gate]);
  const flood = `!echo ready; cat ${gate}; yes "a line of output" | head -c ${length}`;
  const pipe = cli.createPipe();
  const child = cli.startInto(pipe, 'stdout', 'run', '--agent', 'a1', flood);
  const readMemory = () => {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
  };
  await pipe.readUntil('ready\n');
  const before = readMemory();
  writeFileSync(gate, '');
  // The agent runs it when the flood has ended.
  expect((await cli.run('run', '--agent', 'a1', '!echo next')).stdout).toBe('next\n');
  expect(readMemory() - before).toBeLessThan(length / 2);
  expect((await pipe.readToEnd()).length).toBe('ready\n'.length + length);
  expect([await child.exited, await child.other]).toEqual([
    0,
    expect.not.stringContaining('missing'),
  ]);
}, 60_000);
