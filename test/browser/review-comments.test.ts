// Comments that have not been sent are kept in the browser's storage.
import { expect, test } from 'bun:test';
import { openReviewComments } from '../../src/browser/review-comments.ts';

function createStorage(initial: Record<string, string> = {}) {
  const items = new Map(Object.entries(initial));
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
}

const place = { commandId: 'c1', path: 'b.ts', side: 'new', line: 2 } as const;
const all = new Set(['c1', 'c2']);

test('survive a reload, sorted by file and line, one for each line and side', () => {
  const storage = createStorage();
  const comments = openReviewComments(storage, 'otto', 'api');
  comments.set({ ...place, text: 'first' });
  comments.set({ ...place, line: 1, text: 'above' });
  comments.set({ ...place, side: 'old', text: 'before' });
  comments.set({ ...place, path: 'a.ts', text: 'other' });
  comments.set({ ...place, text: 'second' });
  const reopened = openReviewComments(storage, 'otto', 'api').list(all);
  expect(reopened.map(({ text }) => text)).toEqual(['other', 'above', 'before', 'second']);
  expect(openReviewComments(storage, 'otto', 'web').list(all)).toEqual([]);
  expect(openReviewComments(storage, 'eve', 'api').list(all)).toEqual([]);
});

test('those of other commands stay when the ones of a page are sent', () => {
  const storage = createStorage();
  const comments = openReviewComments(storage, 'otto', 'api');
  comments.set({ ...place, text: 'sent' });
  comments.set({ ...place, commandId: 'c2', text: 'stays' });
  comments.removeAll(new Set(['c1']));
  expect(comments.list(all).map(({ text }) => text)).toEqual(['stays']);
  comments.remove({ ...place, commandId: 'c2' });
  expect(storage.items.size).toBe(0);
});

test.each(['not JSON', '{}', '[1, null, {"text": 5}]'])('%s in the storage is ignored', (text) => {
  const storage = createStorage({ 'signalbox:review:otto:api': text });
  expect(openReviewComments(storage, 'otto', 'api').list(all)).toEqual([]);
});

test('without storage they last as long as the page', () => {
  const fail = () => {
    throw new Error('disabled');
  };
  const storage = { getItem: fail, setItem: fail, removeItem: fail };
  const comments = openReviewComments(storage, 'otto', 'api');
  comments.set({ ...place, text: 'x' });
  expect(comments.list(all)).toHaveLength(1);
});

test('a tab keeps the comments of another one', () => {
  const storage = createStorage();
  const one = openReviewComments(storage, 'otto', 'api');
  const other = openReviewComments(storage, 'otto', 'api');
  const readTexts = () =>
    openReviewComments(storage, 'otto', 'api')
      .list(all)
      .map(({ text }) => text);
  one.set({ ...place, line: 1, text: 'one' });
  other.set({ ...place, line: 2, text: 'other' });
  expect(readTexts()).toEqual(['one', 'other']);
  one.remove({ ...place, line: 1 });
  expect(readTexts()).toEqual(['other']);
  other.set({ ...place, line: 3, text: 'sent' });
  one.set({ ...place, line: 4, text: 'added since' });
  other.removeAll(all);
  expect(readTexts()).toEqual(['added since']);
});

test('what could not be stored is kept on the page', () => {
  const storage = createStorage();
  const comments = openReviewComments(storage, 'otto', 'api');
  comments.set({ ...place, line: 1, text: 'stored' });
  const { setItem } = storage;
  storage.setItem = () => {
    throw new Error('full');
  };
  comments.set({ ...place, line: 2, text: 'not stored' });
  storage.setItem = setItem;
  comments.set({ ...place, line: 3, text: 'stored later' });
  expect(comments.list(all)).toHaveLength(3);
  expect(openReviewComments(storage, 'otto', 'api').list(all)).toHaveLength(3);
});
