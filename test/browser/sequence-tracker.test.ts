import { expect, test } from 'bun:test';
import { createSequenceTracker } from '../../src/browser/sequence-tracker.ts';

test('accepts each sequence once', () => {
  const tracker = createSequenceTracker();
  expect(tracker.getLast()).toBe(-1);
  expect([0, 1, 1, 0, 2].map(tracker.accept)).toEqual([
    'next',
    'next',
    'duplicate',
    'duplicate',
    'next',
  ]);
  expect(tracker.getLast()).toBe(2);
});

test('a missing chunk can still arrive', () => {
  const tracker = createSequenceTracker();
  expect([0, 2, 1, 2].map(tracker.accept)).toEqual(['next', 'missing', 'next', 'next']);
});

test('skips lost output, and only forwards', () => {
  const tracker = createSequenceTracker();
  expect(tracker.skipTo(5)).toBe(true);
  expect(tracker.getLast()).toBe(4);
  expect(tracker.skipTo(5)).toBe(false);
  expect(tracker.skipTo(3)).toBe(false);
  expect(tracker.accept(4)).toBe('duplicate');
  expect(tracker.accept(5)).toBe('next');
});

test('a command without output is complete from the start', () => {
  const tracker = createSequenceTracker();
  expect(tracker.isComplete(-1)).toBe(true);
  expect(tracker.isComplete(0)).toBe(false);
  tracker.accept(0);
  expect(tracker.isComplete(0)).toBe(true);
});
