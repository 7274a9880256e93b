import { expect, test } from 'bun:test';
import { createNewLineCounter } from '../../src/browser/page-session.ts';

test('output that the hub sends again is not counted again', () => {
  const count = createNewLineCounter();
  const output = (commandId: string, sequence: number, data: string) =>
    count({
      type: 'terminal:output',
      version: '1.0.0',
      commandId,
      sequence,
      data,
      stream: 'stdout',
    });
  expect([output('a', 0, 'x\ny\n'), output('a', 1, 'z\n')]).toEqual([2, 1]);
  expect([output('a', 0, 'x\ny\n'), output('a', 1, 'z\n'), output('a', 2, '\n')]).toEqual([
    0, 0, 1,
  ]);
  expect([output('b', 0, 'x\n'), output('b', 0, 'x\n')]).toEqual([1, 0]);
  expect(count({ type: 'hub:heartbeat', version: '1.0.0', timestamp: 1 })).toBe(0);
});
