// Keystrokes: sent in order and once, and reported when they may not have arrived.
import { expect, test } from 'bun:test';
import {
  createInputSender,
  type InputProblem,
  MAX_INPUT_BYTES,
} from '../../src/browser/input-sender.ts';
import { createManualClock } from '../support/manual-clock.ts';

const version = '1.0.0';

function setUp() {
  const clock = createManualClock();
  const sent: { inputId: number | undefined; data: string }[] = [];
  const problems: InputProblem[] = [];
  const backlogs: number[] = [];
  const input = createInputSender({
    clock,
    send(message) {
      if (message.type === 'command:input') {
        sent.push({ inputId: message.inputId, data: message.data });
      }
      return true;
    },
    onProblem: (problem) => void problems.push(problem),
    onBacklog: (bytes) => void backlogs.push(bytes),
  });
  input.setCommand('c1');
  input.handleConnect();
  const accept = (inputId: number, commandId = 'c1') =>
    input.handleMessage({ type: 'input:accepted', version, commandId, inputId });
  return { clock, input, sent, problems, backlogs, accept };
}

test('keystrokes are numbered and sent at once', () => {
  const { input, sent } = setUp();
  for (const key of ['l', 's', '\r']) input.type(key);
  expect(sent).toEqual([
    { inputId: 0, data: 'l' },
    { inputId: 1, data: 's' },
    { inputId: 2, data: '\r' },
  ]);
});

test('when the connection is lost, keystrokes that were not acknowledged are reported and not sent again', () => {
  const { input, sent, problems, accept } = setUp();
  for (const key of ['r', 'm', ' ', 'x']) input.type(key);
  accept(1);
  accept(7, 'other');
  input.handleDisconnect();
  expect(problems).toEqual([{ kind: 'uncertain', uncertain: ' x', unsent: '' }]);
  input.handleConnect();
  input.type('q');
  expect(sent.map(({ data }) => data).join('')).toBe('rm xq');
});

test('nothing is reported if everything was acknowledged', () => {
  const { input, problems, accept } = setUp();
  input.type('y');
  accept(0);
  input.handleDisconnect();
  expect(problems).toEqual([]);
});

test('keystrokes without a connection are counted, and not sent later', () => {
  const { input, sent, problems } = setUp();
  input.handleDisconnect();
  input.type('a');
  input.type('b');
  input.handleConnect();
  expect(sent).toEqual([]);
  expect(problems).toEqual([
    { kind: 'offline', count: 1 },
    { kind: 'offline', count: 2 },
  ]);
});

test('a long paste is sent in pieces within the rate of the hub, in order', () => {
  const { clock, input, sent, backlogs } = setUp();
  const text = Array.from({ length: 20_000 }, (_, index) => `${index} é\n`).join('');
  input.type(text);
  expect(sent.length).toBe(8);
  input.type('end');
  for (let second = 0; second < 10; second++) clock.advance(1000);
  expect(sent.map(({ data }) => data).join('')).toBe(`${text}end`);
  expect(Math.max(...sent.map(({ data }) => Buffer.byteLength(data)))).toBeLessThanOrEqual(4096);
  expect(sent.map(({ inputId }) => inputId)).toEqual([...sent.keys()]);
  expect(backlogs.at(-1)).toBe(0);
});

test('what a lost connection cuts off a paste is reported apart', () => {
  const { input, problems, accept } = setUp();
  input.type('x'.repeat(40_000));
  accept(6);
  input.handleDisconnect();
  expect(problems).toEqual([
    { kind: 'uncertain', uncertain: 'x'.repeat(4096), unsent: 'x'.repeat(40_000 - 8 * 4096) },
  ]);
});

test('a paste that is too long is refused', () => {
  const { input, sent, problems } = setUp();
  input.type('x'.repeat(MAX_INPUT_BYTES + 1));
  expect(problems).toEqual([{ kind: 'too-long' }]);
  expect(sent).toEqual([]);
});

test('when the agent goes offline, keystrokes of the last 5 s may be lost', () => {
  const { clock, input, problems, accept } = setUp();
  input.handleAgentOffline();
  input.type('a');
  accept(0);
  clock.advance(6_000);
  input.handleAgentOffline();
  expect(problems).toEqual([]);
  input.type('b');
  accept(1);
  clock.advance(1_000);
  input.handleAgentOffline();
  input.handleAgentOffline();
  expect(problems).toEqual([{ kind: 'agent-offline' }]);
});

test('keystrokes that the hub rejects are reported with its reason', () => {
  const { input, problems, accept } = setUp();
  input.type('a');
  input.type('b');
  accept(0);
  const error = { type: 'error', version, code: 'command_not_active', commandId: 'c1' } as const;
  input.handleMessage({ ...error, message: 'The command is not running.' });
  expect(problems).toEqual([
    { kind: 'rejected', data: 'b', reason: 'The command is not running.' },
  ]);
});

test('another command receives nothing of what was typed for the last one', () => {
  const { clock, input, sent, problems } = setUp();
  input.type('x'.repeat(40_000));
  input.setCommand('c2');
  clock.advance(10_000);
  expect(sent.length).toBe(8);
  expect(problems[0]?.kind).toBe('uncertain');
  input.setCommand(null);
  input.type('y');
  expect(sent.length).toBe(8);
});
