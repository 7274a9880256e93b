import { expect, test } from 'bun:test';
import {
  haveCardsShifted,
  type KeyPress,
  matchShortcut,
} from '../../src/browser/approval-shortcuts.ts';

const plain = {
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  repeat: false,
  isComposing: false,
};
const press = (key: string, fields: Partial<KeyPress> = {}): KeyPress => ({
  ...plain,
  key,
  ...fields,
});
const three = { cardCount: 3, focusedCard: null, isTyping: false };

test('a digit responds on the focused card, or on the first one', () => {
  expect(matchShortcut(press('1'), three)).toEqual({ kind: 'respond', card: 0, option: 0 });
  expect(matchShortcut(press('9'), { ...three, focusedCard: 2 })).toEqual({
    kind: 'respond',
    card: 2,
    option: 8,
  });
  for (const key of ['0', '10', '!', 'Enter', 'a', ''])
    expect(matchShortcut(press(key), three)).toBeNull();
});

test('j and k move between cards and stop at the ends', () => {
  const to = (key: string, focusedCard: number | null) =>
    matchShortcut(press(key), { ...three, focusedCard })?.card;
  expect([to('j', null), to('j', 1), to('j', 2)]).toEqual([1, 2, 2]);
  expect([to('k', null), to('k', 2), to('k', 0)]).toEqual([0, 1, 0]);
});

test.each<[string, KeyPress, Partial<typeof three>]>([
  ['while typing', press('1'), { isTyping: true }],
  ['without a card', press('1'), { cardCount: 0 }],
  ['with Ctrl', press('1', { ctrlKey: true }), {}],
  ['with ⌘', press('1', { metaKey: true }), {}],
  ['with Alt', press('j', { altKey: true }), {}],
  ['held down', press('1', { repeat: true }), {}],
  ['while composing', press('1', { isComposing: true }), {}],
])('ignores a key %s', (_, pressed, focus) => {
  expect(matchShortcut(pressed, { ...three, ...focus })).toBeNull();
});

test('cards shift when one is removed above, not when one is added below', () => {
  expect(haveCardsShifted(['a', 'b'], ['b'])).toBe(true);
  expect(haveCardsShifted(['a', 'b'], ['b', 'c'])).toBe(true);
  expect(haveCardsShifted([], ['a'])).toBe(true);
  expect(haveCardsShifted(['a'], ['a', 'b'])).toBe(false);
  expect(haveCardsShifted(['a', 'b'], ['a', 'b'])).toBe(false);
  expect(haveCardsShifted(['a'], [])).toBe(false);
  expect(haveCardsShifted([], [])).toBe(false);
});
