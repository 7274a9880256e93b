import { expect, test } from 'bun:test';
import { createPromptHistory } from '../../src/browser/prompt-history.ts';

function create(texts: string[] = []) {
  let kept = texts;
  const history = createPromptHistory({
    read: () => kept,
    write: (written) => {
      kept = written;
    },
  });
  return { ...history, read: () => kept };
}

test('moves back and forward, to the empty field', () => {
  const { move } = create(['a', 'b']);
  expect(move('forward', '')).toBeNull();
  expect(move('back', '')).toBe('b');
  expect(move('back', 'b')).toBe('a');
  expect(move('back', 'a')).toBeNull();
  expect(move('forward', 'a')).toBe('b');
  expect(move('forward', 'b')).toBe('');
  expect(move('back', '')).toBe('b');
});

test('does not replace what the user writes', () => {
  const { move } = create(['a', 'b']);
  expect(move('back', 'x')).toBeNull();
  expect(move('back', '')).toBe('b');
  expect(move('back', 'b changed')).toBeNull();
});

test('keeps each text once, the newest last, and not too many', () => {
  const { add, read } = create();
  for (const text of ['a', 'b', 'a']) add(text);
  expect(read()).toEqual(['b', 'a']);
  for (let index = 0; index < 200; index++) add(String(index));
  expect(read()).toHaveLength(100);
  expect(read().at(-1)).toBe('199');
});
