// `signalbox run`: exit codes, and what it prints besides the output.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { parseLines } from '../support/cli.ts';
import { type CliFixture, startCliFixture } from '../support/cli-fixture.ts';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/;
const COMMAND_ID_LINE = new RegExp(`^Command ID: (${UUID.source})\n`);

let fixture: CliFixture;
beforeAll(async () => {
  fixture = await startCliFixture(['a1', 'a2']);
});
afterAll(() => fixture.stop());

const run = (...words: string[]) => fixture.cli.run('run', ...words);

describe('exits with', () => {
  test.each([
    ['0', '!true', 0],
    ['the exit code of the command', '!exit 3', 3],
    ['1 if the command does', '!exit 1', 1],
    ['128 and the signal that ended the command', '!kill -9 $$', 137],
  ])('%s', async (_, command, exitCode) => {
    expect((await run('--agent', 'a1', command)).exitCode).toBe(exitCode);
  });

  test.each<[string, string[], RegExp]>([
    ['an unknown agent', ['--agent', 'nobody', '!true'], /Agent "nobody" not found\./],
    ['an unknown agent of several', ['--agent', 'a1,nobody', '!true'], /"nobody" not found\./],
    ['an unknown option', ['--agent', 'a1', '--color', '!true'], /Unknown option '--color'/],
    ['a missing option', ['!true'], /'--agent <ids>' not specified/],
    ['an invalid option', ['--agent', 'a1', '--timeout', 'soon', '!true'], /Expected a duration/],
    ['an empty command', ['--agent', 'a1', ' '], /The command is empty\./],
    [
      'a hub that is not running',
      ['--hub', 'http://127.0.0.1:1', '--agent', 'a1,a2', 'x'],
      /refused/,
    ],
  ])('125 because of %s', async (_, words, message) => {
    const { stdout, stderr, exitCode } = await run(...words);
    expect(stderr).toMatch(message);
    expect([stdout, exitCode]).toEqual(['', 125]);
  });

  test('125 if the user is not signed in', async () => {
    const { exitCode, stderr } = await fixture.cli.runSignedOut('run', '--agent', 'a1', '!true');
    expect(stderr).toMatch(/not signed in/);
    expect(exitCode).toBe(125);
  });

  test('125 if the agent is removed while the command runs', async () => {
    await fixture.addAgent('a3');
    const running = fixture.cli.start('run', '--agent', 'a3', '!echo ready; sleep 77');
    await running.waitForOutput(/ready/);
    await fixture.api('/agents/a3', { method: 'DELETE' });
    expect(await running.exited).toBe(125);
    expect(running.output()).toMatch(/The agent "a3" was removed\.\n$/);
  });

  test('124 after a timeout', async () => {
    const { exitCode, stderr } = await run('--agent', 'a1', '--timeout', '1s', '!sleep 77');
    expect(stderr.replace(COMMAND_ID_LINE, '')).toBe(
      'Timed out after 1 s. Raise the limit with --timeout.\n',
    );
    expect(exitCode).toBe(124);
  });

  test('130 if it is interrupted', async () => {
    const running = fixture.cli.start('run', '--agent', 'a1', '!echo ready; sleep 77');
    await running.waitForOutput(/ready/);
    running.kill('SIGINT');
    expect(await running.exited).toBe(130);
  });

  test('0 for --help', async () => {
    expect((await run('--help')).exitCode).toBe(0);
  });
});

describe('an agent that is offline', () => {
  beforeAll(async () => {
    await fixture.addAgent('away');
    const agent = fixture.agents.get('away')!;
    agent.kill('SIGTERM');
    await agent.exited;
  });

  test.each(['away', 'a1,away'])('is refused with a hint (%s)', async (agents) => {
    const { stderr, exitCode } = await run('--agent', agents, '!true');
    expect(stderr).toMatch(
      /^Error: Agent "away" is offline\. Use --queue to queue the command until the agent connects\.\n$/,
    );
    expect(exitCode).toBe(125);
  });

  test('gets the command later with --queue', async () => {
    const running = fixture.cli.start('run', '--queue', '--agent', 'away', '!true');
    const [, id] = await running.waitForOutput(COMMAND_ID_LINE);
    expect(await fixture.api(`/commands/${id}`)).toMatchObject({ status: 'queued' });
    running.kill('SIGINT');
    expect(await running.exited).toBe(130);
    expect(await fixture.api(`/commands/${id}`)).toMatchObject({ status: 'interrupted' });
  });

  test('gets the command later with --queue, like other agents', async () => {
    const running = fixture.cli.start('run', '--queue', '--agent', 'a1,away', '!echo x');
    const [, id = ''] = await running.waitForOutput(/Command ID: (\S+) \(a1\)/);
    await running.waitForOutput(/a1 +│ x/);
    await fixture.waitForStatus(id, 'completed');
    running.kill('SIGINT');
    expect(await running.exited).toBe(1);
    expect(running.output()).toMatch(/a1 +completed/);
  });
});

describe('the ID of the command', () => {
  test('is on stderr at the start', async () => {
    const gate = fixture.createGate('id');
    const running = fixture.cli.start('run', '--agent', 'a1', `!cat ${gate}`);
    const [, id] = await running.waitForOutput(COMMAND_ID_LINE);
    expect(await fixture.api(`/commands/${id}`)).toMatchObject({ command: `!cat ${gate}` });
    writeFileSync(gate, 'output\n');
    expect(await running.exited).toBe(0);
    expect(running.output().replace(COMMAND_ID_LINE, '')).toBe('output\n');
  });

  test('is on stderr for each of several agents', async () => {
    const { stderr } = await run('--agent', 'a1,a2', '!true');
    for (const [index, id] of ['a1', 'a2'].entries()) {
      expect(stderr.split('\n')[index]).toMatch(
        new RegExp(`^Command ID: ${UUID.source} \\(${id}\\)$`),
      );
    }
  });

  test('is a field of every line of --json', async () => {
    const { stdout, stderr } = await run('--json', '--agent', 'a1', '!echo x');
    const lines = parseLines(stdout);
    expect(lines[0]).toMatchObject({ type: 'command:accepted', agentId: 'a1' });
    expect(new Set(lines.map(({ commandId }) => commandId)).size).toBe(1);
    expect(String(lines[0]!['commandId'])).toMatch(UUID);
    expect(stderr).toBe('');
  });
});
