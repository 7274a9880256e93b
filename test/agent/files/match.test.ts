import { expect, test } from 'bun:test';
import { rankPaths } from '../../../src/agent/files/match.ts';

test('ranks names that begin with the search first, then names, paths and characters in order', () => {
  const paths = ['src/main.ts', 'main/readme.md', 'src/domain.ts', 'm/a/i/n.txt', 'other/x.md'];
  expect(rankPaths(paths, 'MAIN')).toEqual([
    'src/main.ts',
    'main/readme.md',
    'src/domain.ts',
    'm/a/i/n.txt',
  ]);
});

test('prefers short paths near the top', () => {
  expect(rankPaths(['a/b/x.ts', 'x.ts', 'a/x.ts'], '')).toEqual(['x.ts', 'a/x.ts', 'a/b/x.ts']);
  expect(rankPaths(['a/xyz.ts', 'a/xy.ts', 'xyzz.ts'], 'xy')).toEqual([
    'xyzz.ts',
    'a/xy.ts',
    'a/xyz.ts',
  ]);
});

test('the whole path of a file comes first', () => {
  expect(rankPaths(['src/a.ts.bak', 'src/a.ts'], 'src/a.ts')[0]).toBe('src/a.ts');
});
