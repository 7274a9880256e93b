import { expect, test } from 'bun:test';
import { actionOf, haveMoved, type Pressed } from '../../src/browser/approval-shortcuts.ts';

const plain = {
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  repeat: false,
  isComposing: false,
};
const press = (key: string, fields: Partial<Pressed> = {}): Pressed => ({
  ...plain,
  key,
  ...fields,
});
const three = { cards: 3, current: null, typing: false };

test('a digit answers the question in focus, or the first', () => {
  expect(actionOf(press('1'), three)).toEqual({ kind: 'answer', card: 0, option: 0 });
  expect(actionOf(press('9'), { ...three, current: 2 })).toEqual({
    kind: 'answer',
    card: 2,
    option: 8,
  });
  for (const key of ['0', '10', '!', 'Enter', 'a', ''])
    expect(actionOf(press(key), three)).toBeNull();
});

test('j and k go through the questions, and stay at their ends', () => {
  const to = (key: string, current: number | null) =>
    actionOf(press(key), { ...three, current })?.card;
  expect([to('j', null), to('j', 1), to('j', 2)]).toEqual([1, 2, 2]);
  expect([to('k', null), to('k', 2), to('k', 0)]).toEqual([0, 1, 0]);
});

test.each<[string, Pressed, Partial<typeof three>]>([
  ['while typing', press('1'), { typing: true }],
  ['without a question', press('1'), { cards: 0 }],
  ['with Ctrl', press('1', { ctrlKey: true }), {}],
  ['with ⌘', press('1', { metaKey: true }), {}],
  ['with Alt', press('j', { altKey: true }), {}],
  ['held down', press('1', { repeat: true }), {}],
  ['while composing', press('1', { isComposing: true }), {}],
])('a key %s is not ours', (_, pressed, situation) => {
  expect(actionOf(pressed, { ...three, ...situation })).toBeNull();
});

test('questions move when one above goes, not when one comes below', () => {
  expect(haveMoved(['a', 'b'], ['b'])).toBe(true);
  expect(haveMoved(['a', 'b'], ['b', 'c'])).toBe(true);
  expect(haveMoved([], ['a'])).toBe(true);
  expect(haveMoved(['a'], ['a', 'b'])).toBe(false);
  expect(haveMoved(['a', 'b'], ['a', 'b'])).toBe(false);
  expect(haveMoved(['a'], [])).toBe(false);
  expect(haveMoved([], [])).toBe(false);
});
