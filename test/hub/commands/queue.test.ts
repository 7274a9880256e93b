// The queue of an agent, as a data structure.
import { describe, expect, test } from 'bun:test';
import {
  compareStored,
  countAhead,
  enqueue,
  move,
  remove,
  requeue,
  takeNext,
} from '../../../src/hub/commands/queue.ts';
import type { Execution } from '../../../src/hub/state/execution.ts';
import type { Priority } from '../../../src/protocol/command-status.ts';

const createCommand = (id: string, priority: Priority, attempt = 0) =>
  ({ id, priority, attempt, queueRank: null, cancellation: null }) as unknown as Execution;
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

  test('moves a command within its priority', () => {
    const [h, a, b, c, l] = [
      createCommand('h', 'high'),
      createCommand('a', 'normal'),
      createCommand('b', 'normal'),
      createCommand('c', 'normal'),
      createCommand('l', 'low'),
    ] as const;
    const queue = [h, a, b, c, l];
    move(queue, c, a);
    expect(formatIds(queue)).toBe('h c a b l');
    move(queue, c, null);
    expect(formatIds(queue)).toBe('h a b c l');
    move(queue, a, b);
    move(queue, b, b);
    expect(formatIds(queue)).toBe('h a b c l');
    move(queue, h, null);
    expect(formatIds(queue)).toBe('h a b c l');
  });

  test('skips cancelled commands', () => {
    const [a, b] = [createCommand('a', 'normal'), createCommand('b', 'normal')] as const;
    a.cancellation = { undoUntil: 0, cancelTimer() {} };
    const queue = [a, b];
    expect(countAhead(queue, b)).toBe(0);
    expect(takeNext(queue)).toBe(b);
    expect(takeNext(queue)).toBeUndefined();
    expect(formatIds(queue)).toBe('a');
  });

  test('is restored with the head first, then the order of users, then later commands', () => {
    const ranked = (id: string, queueRank: number | null, attempt = 0) =>
      ({ ...createCommand(id, 'normal', attempt), queueRank }) as Execution;
    const stored = [ranked('1', 2), ranked('2', null), ranked('3', 0), ranked('4', null, 1)];
    expect(formatIds(stored.toSorted(compareStored))).toBe('4 3 1 2');
  });

  test('removes a command once', () => {
    const [a, b] = [createCommand('a', 'normal'), createCommand('b', 'normal')];
    const queue = [a, b];
    expect(remove(queue, a)).toBe(true);
    expect(remove(queue, a)).toBe(false);
    expect(formatIds(queue)).toBe('b');
  });
});
