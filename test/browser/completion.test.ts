import { expect, test } from 'bun:test';
import {
  applyCompletion,
  applyFile,
  matchCompletionKey,
  matchCompletions,
  matchFileQuery,
} from '../../src/browser/completion.ts';

const names = ['/compact', '/init', '/review', '/security-review'];
const match = (text: string, caret = text.length) => matchCompletions(text, caret, names);

test('lists commands that start with the text first, then those that contain it', () => {
  expect(match('/')).toEqual(names);
  expect(match('/re')).toEqual(['/review', '/security-review']);
  expect(match('/RE')).toEqual(['/review', '/security-review']);
  expect(match('/x')).toEqual([]);
});

test('matches nothing outside an incomplete slash command', () => {
  for (const text of ['', 'say /re', '/re view', '/review ', '!/re', '\n/re', '/re\n']) {
    expect(match(text)).toEqual([]);
  }
  expect(matchCompletions('/', 1, [])).toEqual([]);
});

test('does not list a complete command, unless another one starts with it', () => {
  expect(match('/init')).toEqual([]);
  expect(matchCompletions('/re', 3, ['/re', '/review'])).toEqual(['/re', '/review']);
});

test('matches only the text before the caret', () => {
  expect(match('/review the code', 3)).toEqual(['/review', '/security-review']);
});

test('replaces the word with the command, followed by one space', () => {
  expect(applyCompletion('/re', 3, '/review')).toEqual({ text: '/review ', caret: 8 });
  expect(applyCompletion('/re', 1, '/review')).toEqual({ text: '/review ', caret: 8 });
  expect(applyCompletion('/re the code', 3, '/review')).toEqual({
    text: '/review the code',
    caret: 8,
  });
  expect(applyCompletion('/\nmore', 1, '/init')).toEqual({ text: '/init\nmore', caret: 6 });
});

test('keys select an item, accept it, and close the list', () => {
  const act = (key: string, index = 0, length = 3, hasModifier = false) =>
    matchCompletionKey({ key, hasModifier }, index, length);
  expect(act('ArrowDown', 2)).toEqual({ kind: 'select', index: 0 });
  expect(act('ArrowUp', 0)).toEqual({ kind: 'select', index: 2 });
  expect([act('Enter'), act('Tab')]).toEqual([{ kind: 'accept' }, { kind: 'accept' }]);
  expect(act('Escape')).toEqual({ kind: 'close' });
  expect([act('a'), act('Enter', 0, 0), act('Enter', 0, 3, true)]).toEqual([null, null, null]);
});

test('finds what is typed after an @ at the beginning of a word', () => {
  const query = (text: string, caret = text.length) => matchFileQuery(text, caret);
  expect([query('@'), query('see @src/ma'), query('a\n@x'), query('@abc', 2)]).toEqual([
    '',
    'src/ma',
    'x',
    'a',
  ]);
  for (const text of ['', 'me@home', '@a b', '@a@b', 'git show HEAD@{1}']) {
    expect(query(text)).toBeNull();
  }
});

test('replaces the reference with the file, followed by one space', () => {
  expect(applyFile('see @ma', 7, 'src/main.ts')).toEqual({ text: 'see @src/main.ts ', caret: 17 });
  expect(applyFile('see @ma now', 6, 'main.ts')).toEqual({ text: 'see @main.ts now', caret: 13 });
  expect(applyFile('@', 1, 'my file.md').text).toBe('@"my file.md" ');
});

test('a shell command gets the path alone, in quotes if it needs them', () => {
  expect(applyFile('!cat @ma', 8, 'src/main.ts').text).toBe('!cat src/main.ts ');
  expect(applyFile('!cat @', 6, "it's $x").text).toBe(`!cat 'it'\\''s $x' `);
});
