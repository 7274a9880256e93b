// The bounds of numbers and durations in options.
import { afterAll, describe, expect, test } from 'bun:test';
import { integerParser, parseDuration, parsePort } from '../../src/config.ts';
import type { CommandExecution } from '../../src/protocol/entities.ts';
import { startCliFixture } from '../support/cli-fixture.ts';
import { runBinary } from '../support/cli.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
afterAll(folder.remove);

const COUNT = (max: string) => `Expected a whole number from 1 to ${max}.`;
const DURATION = 'Expected a duration from 1s to 365d, such as 30s, 5m or 24h.';

const options: [string, string, string][] = [
  ['--port', '65536', 'Expected a port number from 0 to 65535.'],
  ['--max-dashboards', '1000000000000', COUNT('10,000')],
  ['--max-agents', '1001', COUNT('1,000')],
  ['--buffer-memory', '65537', COUNT('65,536')],
  ['--command-timeout', '366d', DURATION],
  ['--max-command-timeout', '999ms', DURATION],
  ['--agent-grace', '2y', DURATION],
  ['--queue-ttl', '0s', DURATION],
  ['--stuck-after', '30', DURATION],
];

describe('a hub does not start with', () => {
  test.each(options)('%s %s', async (option, value, message) => {
    const words = ['serve', '--data', folder.path, '--port', '0', option, value];
    const { stderr, exitCode } = await runBinary(words, {});
    expect(stderr).toMatch(
      new RegExp(`^Error: Option '${option} <\\w+>' argument '${value}' is invalid\\. `),
    );
    expect(stderr.endsWith(`${message}\n`)).toBe(true);
    expect(exitCode).toBe(1);
  });

  test('a variable of the environment that is out of bounds', async () => {
    const words = ['serve', '--data', folder.path, '--port', '0'];
    const { stderr, exitCode } = await runBinary(words, { SIGNALBOX_MAX_AGENTS: '0' });
    expect(stderr).toContain("value '0' from env 'SIGNALBOX_MAX_AGENTS' is invalid");
    expect(stderr).toContain(COUNT('1,000'));
    expect(exitCode).toBe(1);
  });
});

test('run --timeout has the same bounds', async () => {
  const { stderr, exitCode } = await runBinary(
    ['run', '--agent', 'a', '--timeout', '400d', 'x'],
    {},
  );
  expect(stderr).toContain(DURATION);
  expect(exitCode).toBe(125);
});

describe('numbers', () => {
  const parse = integerParser(1, 50);
  test.each(['1', '50'])('%p is accepted', (text) => {
    expect(parse(text)).toBe(Number(text));
  });
  test.each(['', ' ', '0', '51', '-1', '1.5', '1e1', '0x10', '1e309', 'NaN', 'Infinity', '1 2'])(
    '%p is rejected',
    (text) => {
      expect(() => parse(text)).toThrow('Expected a whole number from 1 to 50.');
    },
  );
  test.each(['', '1e3', '0x50', '-1', '80.5', '65536'])('port %p is rejected', (text) => {
    expect(() => parsePort(text)).toThrow('Expected a port number from 0 to 65535.');
  });
});

describe('durations', () => {
  test.each<[string, number]>([
    ['1s', 1_000],
    ['1.5h', 5_400_000],
    ['5 min', 300_000],
    ['24H', 86_400_000],
    ['30d', 2_592_000_000],
    ['365d', 31_536_000_000],
    ['1.0005s', 1_001],
  ])('%p is %p ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });
  test.each(['', '1', '30', '0s', '-5m', '999ms', '366d', '1e309s', `${'9'.repeat(200)}s`, '5x'])(
    '%p is rejected',
    (text) => {
      expect(() => parseDuration(text)).toThrow(DURATION);
    },
  );
});

test('--agent-grace 30d keeps the command of an agent that is away', async () => {
  const fixture = await startCliFixture(['a1'], ['--agent-grace', '30d']);
  const running = fixture.cli.start('run', '--agent', 'a1', '!echo ready; sleep 77');
  const [, id = ''] = await running.waitForOutput(/Command ID: (\S+)/);
  await running.waitForOutput(/ready/);
  fixture.agents.get('a1')!.kill('SIGKILL');
  await fixture.waitForAgent('a1', 'offline');
  // A timer that is too long for setTimeout would have ended it in the next millisecond.
  await fixture.cli.run('ps');
  expect(await fixture.api<CommandExecution>(`/commands/${id}`)).toMatchObject({
    status: 'running',
  });
  running.kill('SIGKILL');
  await fixture.stop();
}, 60_000);
