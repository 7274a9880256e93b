import { describe, expect, test } from 'bun:test';
import { planDrop, planStep, type QueuedRow } from '../../src/browser/queue-order.ts';

const rows: QueuedRow[] = [
  { id: 'h1', priority: 'high' },
  { id: 'h2', priority: 'high' },
  { id: 'n1', priority: 'normal' },
  { id: 'n2', priority: 'normal' },
  { id: 'n3', priority: 'normal' },
  { id: 'l1', priority: 'low' },
];

describe('a row that is dropped', () => {
  test('within its priority keeps it', () => {
    expect(planDrop(rows, 'n3', 2)).toEqual({ before: 'n1' });
    expect(planDrop(rows, 'n1', 3)).toEqual({ before: 'n3' });
    expect(planDrop(rows, 'n1', 4)).toEqual({ before: null });
    expect(planDrop(rows, 'h2', 0)).toEqual({ before: 'h1' });
  });

  test('where it was stays', () => {
    expect(planDrop(rows, 'n2', 3)).toBeNull();
    expect(planDrop(rows, 'unknown', 0)).toBeNull();
    expect(planDrop([{ id: 'a', priority: 'low' }], 'a', 0)).toBeNull();
  });

  test('among another priority gets it', () => {
    expect(planDrop(rows, 'n1', 1)).toEqual({ before: 'h2', priority: 'high' });
    expect(planDrop(rows, 'l1', 3)).toEqual({ before: 'n2', priority: 'normal' });
    expect(planDrop(rows, 'h1', 3)).toEqual({ before: 'n3', priority: 'normal' });
    expect(planDrop(rows, 'n3', 5)).toEqual({ before: null, priority: 'low' });
  });

  test('between two other priorities joins the one it was moved to', () => {
    expect(planDrop(rows, 'l1', 2)).toEqual({ before: 'n1', priority: 'normal' });
    expect(planDrop(rows, 'h1', 4)).toEqual({ before: null, priority: 'normal' });
  });
});

test('a step stays within the priority', () => {
  expect(planStep(rows, 'n2', 'up')).toEqual({ before: 'n1' });
  expect(planStep(rows, 'n1', 'down')).toEqual({ before: 'n3' });
  expect(planStep(rows, 'n2', 'down')).toEqual({ before: null });
  expect(planStep(rows, 'n1', 'up')).toBeNull();
  expect(planStep(rows, 'n3', 'down')).toBeNull();
  expect(planStep(rows, 'unknown', 'down')).toBeNull();
});
