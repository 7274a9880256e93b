import { expect, test } from 'bun:test';
import { createSequenceTracker } from '../../src/browser/sequence-tracker.ts';

test('output in order is shown, once', () => {
  const tracker = createSequenceTracker();
  expect(tracker.last()).toBe(-1);
  expect([0, 1, 1, 0, 2].map(tracker.output)).toEqual(['show', 'show', 'repeat', 'repeat', 'show']);
  expect(tracker.last()).toBe(2);
});

test('a hole moves nothing: the missing piece can still come', () => {
  const tracker = createSequenceTracker();
  expect([0, 2, 1, 2].map(tracker.output)).toEqual(['show', 'hole', 'show', 'show']);
});

test('a gap moves past what is lost, and counts only where it tells something new', () => {
  const tracker = createSequenceTracker();
  expect(tracker.gap(5)).toBe(true);
  expect(tracker.last()).toBe(4);
  expect(tracker.gap(5)).toBe(false);
  expect(tracker.gap(3)).toBe(false);
  expect(tracker.output(4)).toBe('repeat');
  expect(tracker.output(5)).toBe('show');
});

test('a command without output is whole from the start', () => {
  const tracker = createSequenceTracker();
  expect(tracker.isWhole(-1)).toBe(true);
  expect(tracker.isWhole(0)).toBe(false);
  tracker.output(0);
  expect(tracker.isWhole(0)).toBe(true);
});
