import { expect, test } from 'bun:test';
import { complete, listActionOf, offersFor } from '../../src/browser/completion.ts';

const names = ['/compact', '/init', '/review', '/security-review'];
const offers = (text: string, caret = text.length) => offersFor(text, caret, names);

test('what begins like it comes first, then what has it inside', () => {
  expect(offers('/')).toEqual(names);
  expect(offers('/re')).toEqual(['/review', '/security-review']);
  expect(offers('/RE')).toEqual(['/review', '/security-review']);
  expect(offers('/x')).toEqual([]);
});

test('nothing is offered where no slash command is being written', () => {
  for (const text of ['', 'say /re', '/re view', '/review ', '!/re', '\n/re', '/re\n']) {
    expect(offers(text)).toEqual([]);
  }
  expect(offersFor('/', 1, [])).toEqual([]);
});

test('a command that is written out is offered no more, unless it is the beginning of another', () => {
  expect(offers('/init')).toEqual([]);
  expect(offersFor('/re', 3, ['/re', '/review'])).toEqual(['/re', '/review']);
});

test('only what is before the caret counts', () => {
  expect(offers('/review the code', 3)).toEqual(['/review', '/security-review']);
});

test('the name takes the place of the word, with one space after it', () => {
  expect(complete('/re', 3, '/review')).toEqual({ text: '/review ', caret: 8 });
  expect(complete('/re', 1, '/review')).toEqual({ text: '/review ', caret: 8 });
  expect(complete('/re the code', 3, '/review')).toEqual({ text: '/review the code', caret: 8 });
  expect(complete('/\nmore', 1, '/init')).toEqual({ text: '/init\nmore', caret: 6 });
});

test('keys go through the list, take from it, and close it', () => {
  const act = (key: string, index = 0, length = 3, hasModifier = false) =>
    listActionOf({ key, hasModifier }, index, length);
  expect(act('ArrowDown', 2)).toEqual({ kind: 'choose', index: 0 });
  expect(act('ArrowUp', 0)).toEqual({ kind: 'choose', index: 2 });
  expect([act('Enter'), act('Tab')]).toEqual([{ kind: 'take' }, { kind: 'take' }]);
  expect(act('Escape')).toEqual({ kind: 'close' });
  expect([act('a'), act('Enter', 0, 0), act('Enter', 0, 3, true)]).toEqual([null, null, null]);
});
