// When a page reloads because the hub serves another build.
import { expect, test } from 'bun:test';
import { shouldReload } from '../../src/browser/build-version.ts';

test.each([
  ['reloads if the build differs', 'a', 'b', [''], true],
  ['does not reload if the build is the same', 'a', 'a', [''], false],
  ['does not reload while there is unsent text', 'a', 'b', ['', 'draft'], false],
  ['does not reload if the hub sends no build', 'a', undefined, [], false],
  ['does not reload if the page has no build', null, 'b', [], false],
])('%s', (_, pageBuild, hubBuild, drafts, expected) => {
  expect(shouldReload(pageBuild, hubBuild, drafts)).toBe(expected);
});
