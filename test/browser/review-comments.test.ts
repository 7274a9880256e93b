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
  const comments = openReviewComments(storage, 'api');
  comments.set({ ...place, text: 'first' });
  comments.set({ ...place, line: 1, text: 'above' });
  comments.set({ ...place, side: 'old', text: 'before' });
  comments.set({ ...place, path: 'a.ts', text: 'other' });
  comments.set({ ...place, text: 'second' });
  const reopened = openReviewComments(storage, 'api').list(all);
  expect(reopened.map(({ text }) => text)).toEqual(['other', 'above', 'before', 'second']);
  expect(openReviewComments(storage, 'web').list(all)).toEqual([]);
});

test('those of other commands stay when the ones of a page are sent', () => {
  const storage = createStorage();
  const comments = openReviewComments(storage, 'api');
  comments.set({ ...place, text: 'sent' });
  comments.set({ ...place, commandId: 'c2', text: 'stays' });
  comments.removeAll(new Set(['c1']));
  expect(comments.list(all).map(({ text }) => text)).toEqual(['stays']);
  comments.remove({ ...place, commandId: 'c2' });
  expect(storage.items.size).toBe(0);
});

test.each(['not JSON', '{}', '[1, null, {"text": 5}]'])('%s in the storage is ignored', (text) => {
  const storage = createStorage({ 'signalbox:review:api': text });
  expect(openReviewComments(storage, 'api').list(all)).toEqual([]);
});

test('without storage they last as long as the page', () => {
  const fail = () => {
    throw new Error('disabled');
  };
  const storage = { getItem: fail, setItem: fail, removeItem: fail };
  const comments = openReviewComments(storage, 'api');
  comments.set({ ...place, text: 'x' });
  expect(comments.list(all)).toHaveLength(1);
});
