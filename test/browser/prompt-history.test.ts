import { expect, test } from 'bun:test';
import { createPromptHistory } from '../../src/browser/prompt-history.ts';

test('goes back through what was sent, and forward to the text that was not', async () => {
  const history = createPromptHistory(
    () => 0,
    () => Promise.resolve(['b', 'a']),
  );
  expect(history.newer()).toBeNull();
  expect(await history.older('draft')).toBe('b');
  expect(await history.older('b')).toBe('a');
  expect(await history.older('a')).toBeNull();
  expect([history.newer(), history.newer(), history.newer()]).toEqual(['b', 'draft', null]);
});

test('what was sent on this page comes first, without repetitions', async () => {
  const history = createPromptHistory(
    () => 0,
    () => Promise.resolve(['b', 'a']),
  );
  await history.older('');
  history.add('a');
  expect([await history.older(''), await history.older('')]).toEqual(['a', 'b']);
  expect(await history.older('')).toBeNull();
  history.reset();
  expect(await history.older('x')).toBe('a');
});

test('is fetched again after a minute, and works without the hub', async () => {
  let now = 0;
  const answers = [Promise.reject(new Error('offline')), ['a'], ['b', 'a']];
  let fetches = 0;
  const history = createPromptHistory(
    () => now,
    async () => (await answers[fetches++]) as string[],
  );
  history.add('own');
  expect(await history.older('')).toBe('own');
  history.reset();
  expect(await history.older('')).toBe('a');
  history.reset();
  await history.older('');
  expect(fetches).toBe(2);
  now = 60_000;
  history.reset();
  expect(await history.older('')).toBe('b');
});
