// The queue of an agent, as a data structure.
import { describe, expect, test } from 'bun:test';
import { enqueue, requeue, remove } from '../../../src/hub/commands/queue.ts';
import type { Execution } from '../../../src/hub/state/execution.ts';
import type { Priority } from '../../../src/protocol/command-status.ts';

const createCommand = (id: string, priority: Priority, attempt = 0) =>
  ({ id, priority, attempt }) as Execution;
const formatIds = (queue: Execution[]) => queue.map(({ id }) => id).join(' ');

describe('a queue', () => {
  test('is ordered by priority, then by arrival, and returns positions', () => {
    const queue: Execution[] = [];
    const positions = [
      enqueue(queue, createCommand('l1', 'low')),
      enqueue(queue, createCommand('n1', 'normal')),
      enqueue(queue, createCommand('h1', 'high')),
      enqueue(queue, createCommand('n2', 'normal')),
      enqueue(queue, createCommand('l2', 'low')),
      enqueue(queue, createCommand('h2', 'high')),
    ];
    expect(formatIds(queue)).toBe('h1 h2 n1 n2 l1 l2');
    expect(positions).toEqual([0, 0, 0, 2, 4, 1]);
  });

  test('keeps a requeued command at its head', () => {
    const queue = [createCommand('n1', 'normal')];
    requeue(queue, createCommand('requeued', 'low', 1));
    expect(enqueue(queue, createCommand('h1', 'high'))).toBe(1);
    expect(formatIds(queue)).toBe('requeued h1 n1');
  });

  test('removes a command once', () => {
    const [a, b] = [createCommand('a', 'normal'), createCommand('b', 'normal')];
    const queue = [a, b];
    expect(remove(queue, a)).toBe(true);
    expect(remove(queue, a)).toBe(false);
    expect(formatIds(queue)).toBe('b');
  });
});
