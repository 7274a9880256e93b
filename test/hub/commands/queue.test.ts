import { describe, expect, test } from 'bun:test';
import { enqueue, requeue, remove } from '../../../src/hub/commands/queue.ts';
import type { Execution } from '../../../src/hub/state/execution.ts';
import type { Priority } from '../../../src/protocol/command-status.ts';

const command = (id: string, priority: Priority, attempt = 0) =>
  ({ id, priority, attempt }) as Execution;
const ids = (queue: Execution[]) => queue.map(({ id }) => id).join(' ');

describe('a queue', () => {
  test('is ordered by priority, then by arrival, and tells each its place', () => {
    const queue: Execution[] = [];
    const places = [
      enqueue(queue, command('l1', 'low')),
      enqueue(queue, command('n1', 'normal')),
      enqueue(queue, command('h1', 'high')),
      enqueue(queue, command('n2', 'normal')),
      enqueue(queue, command('l2', 'low')),
      enqueue(queue, command('h2', 'high')),
    ];
    expect(ids(queue)).toBe('h1 h2 n1 n2 l1 l2');
    expect(places).toEqual([0, 0, 0, 2, 4, 1]);
  });

  test('keeps at its head what came back, whatever comes after it', () => {
    const queue = [command('n1', 'normal')];
    requeue(queue, command('back', 'low', 1));
    expect(enqueue(queue, command('h1', 'high'))).toBe(1);
    expect(ids(queue)).toBe('back h1 n1');
  });

  test('gives back what is in it, and nothing else', () => {
    const [a, b] = [command('a', 'normal'), command('b', 'normal')];
    const queue = [a, b];
    expect(remove(queue, a)).toBe(true);
    expect(remove(queue, a)).toBe(false);
    expect(ids(queue)).toBe('b');
  });
});
